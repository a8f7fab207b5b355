import { setTimeout as wait } from 'node:timers/promises'

type Nothing = false | null | undefined

/** Milliseconds: less than a test's own time limit, which would end it without saying what it waited for. */
const DEADLINE = 240_000

/** Asks until the answer is something: for what only another process or the database knows. Throws after the deadline. */
export async function until<Found>(
  ask: () => Promise<Found | Nothing> | Found | Nothing,
  what = ask.toString(),
): Promise<Exclude<Found, Nothing>> {
  const end = Date.now() + DEADLINE
  for (;;) {
    const found = await ask()
    if (found !== false && found !== null && found !== undefined) return found as Exclude<Found, Nothing>
    if (Date.now() > end) throw new Error(`After ${DEADLINE / 1000} s still not: ${what}`)
    await wait(10)
  }
}
