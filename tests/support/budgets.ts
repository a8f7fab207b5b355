import type { TestApp } from './app'

let clients = 0

/** An IPv4 address that no other client of a test has: for the header of a trusted proxy. */
export function someAddress(): string {
  clients += 1
  return `198.18.${Math.floor(clients / 250)}.${(clients % 250) + 1}`
}

/** What a trusted proxy says of its client. */
export function from(address: string): { headers: Record<string, string> } {
  return { headers: { 'x-forwarded-for': address } }
}

/** The value of one metric without labels, as `/metrics` tells it. */
export async function metric({ url }: Pick<TestApp, 'url'>, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]
  if (value === undefined) throw new Error(`No metric ${name}`)
  return Number(value)
}

/** A wrong password is compared with the account's hash and with that of a waiting registration, or with decoys. */
export const HASHES_OF_A_FAILED_LOGIN = 2

/** Password hashes that were begun and finished so far. */
export function hashes(app: Pick<TestApp, 'url'>): Promise<number> {
  return metric(app, 'gatehouse_hash_duration_seconds_count')
}
