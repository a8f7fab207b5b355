import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { SESSION } from '../config/defaults'
import { revokeSomeSessions } from '../store/sessions'
import { countUsers } from '../store/operatedUsers'

/**
 * Ends every session of every account, as after a leak of keys. `confirm` is the number of accounts, so that nobody does it by
 * mistake. Resolves to the number of sessions; null, and nothing is done, if `confirm` is another number.
 */
export async function endAllSessions(deps: ChangeDeps, actor: Actor, confirm: string): Promise<number | null> {
  if (confirm !== String(await countUsers(deps.database.prisma))) return null
  await commit(deps, actor, () =>
    Promise.resolve({ result: null, event: { type: 'all_sessions_ended', userId: null }, invalidate: [] }),
  )
  // In parts, each within the time of a statement: the sessions that began before this moment end.
  const before = deps.clock.now()
  let ended = 0
  for (;;) {
    const part = await revokeSomeSessions(deps.database.prisma, { before, count: SESSION.endedAtOnce })
    if (part === 0) return ended
    ended += part
  }
}
