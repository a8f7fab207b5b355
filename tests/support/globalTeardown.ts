import { stopKeptServer } from './server'

export default async function globalTeardown(): Promise<void> {
  await stopKeptServer()
}
