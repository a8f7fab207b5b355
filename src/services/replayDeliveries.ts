import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { WEBHOOK } from '../config/webhookDefaults'
import { isUuid } from '../lib/uuid'
import type { Transaction } from '../store/database'
import { replayDelivery, replayGivenUp } from '../store/webhookDeliveries'

/** One delivery, also one that was taken; or those of an endpoint that were given up, of events since then. */
export type Replay = { deliveryId: string } | { endpointId: string; since: Date }

/**
 * Makes deliveries due again, with all their attempts. The id of the event stays the same, so that receivers recognize it.
 * Those of an endpoint become due in parts, each within the time of a statement and recorded by itself: WEBHOOK.maxReplayed at
 * most, the oldest first; another call goes on. Resolves to their number.
 */
export async function replayDeliveries(deps: ChangeDeps, actor: Actor, which: Replay): Promise<number> {
  if (!isUuid('deliveryId' in which ? which.deliveryId : which.endpointId)) return 0
  if ('deliveryId' in which) {
    const { deliveryId } = which
    const replay = async (tx: Transaction) => ({ replayed: Number(await replayDelivery(tx, deliveryId)) })
    return (await recorded({ deps, actor, subject: { deliveryId } }, replay)).replayed
  }
  const { endpointId } = which
  let [total, since] = [0, which.since]
  for (;;) {
    const part = { endpointId, since, max: WEBHOOK.replayedAtOnce }
    const { replayed, next } = await recorded({ deps, actor, subject: { endpointId } }, (tx) => replayGivenUp(tx, part))
    total += replayed
    since = next
    if (replayed < part.max || total >= WEBHOOK.maxReplayed) return total
  }
}

function recorded<Replayed extends { replayed: number }>(
  {
    deps,
    actor,
    subject,
  }: { deps: ChangeDeps; actor: Actor; subject: { deliveryId: string } | { endpointId: string } },
  replay: (tx: Transaction) => Promise<Replayed>,
): Promise<Replayed> {
  return commit(deps, actor, async (tx) => {
    const result = await replay(tx)
    if (result.replayed === 0) return { result, event: null, invalidate: [] }
    const details = { ...subject, deliveries: result.replayed }
    return { result, event: { type: 'webhooks_replayed', userId: null, details }, invalidate: [] }
  })
}
