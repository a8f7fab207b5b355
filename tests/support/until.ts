import { setTimeout as wait } from 'node:timers/promises'

/** Asks again until the answer is something: for what only the database knows. A test's own timeout ends it. */
export async function until<Found>(
  ask: () => Promise<Found | false | null | undefined>,
): Promise<Exclude<Found, false | null | undefined>> {
  for (;;) {
    const found = await ask()
    if (found !== false && found !== null && found !== undefined) {
      return found as Exclude<Found, false | null | undefined>
    }
    await wait(10)
  }
}
