import { newOpaqueToken } from './opaqueToken'

const SHAPE = /^ghk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/

/** A service key: its prefix lets scanners find one that leaked, its id says which one it is, 256 random bits make it secret. */
export function newServiceKey(id: string): string {
  return `ghk_${id.replaceAll('-', '')}_${newOpaqueToken()}`
}

/** Whether a text has the form of a service key: anything else is rejected without a look-up. */
export function isServiceKey(text: string): boolean {
  return SHAPE.test(text)
}
