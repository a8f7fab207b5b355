import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { WEBHOOK } from '../config/webhookDefaults'
import { isUuid } from '../lib/uuid'
import { replayDelivery, replayGivenUp } from '../store/webhookDeliveries'

/** One delivery, also one that was taken; or those of an endpoint that were given up, of events since then. */
export type Replay = { deliveryId: string } | { endpointId: string; since: Date }

/**
 * Makes deliveries due again, with all their attempts. The id of the event stays the same, so that receivers recognize it.
 * Those of an endpoint become due in parts, each within the time of a statement and recorded by itself. Resolves to their
 * number.
 */
export async function replayDeliveries(deps: ChangeDeps, actor: Actor, which: Replay): Promise<number> {
  if (!isUuid('deliveryId' in which ? which.deliveryId : which.endpointId)) return 0
  if ('deliveryId' in which) return replayPart(deps, actor, which)
  let replayed = 0
  for (;;) {
    const part = await replayPart(deps, actor, which)
    replayed += part
    if (part < WEBHOOK.changedAtOnce) return replayed
  }
}

function replayPart(deps: ChangeDeps, actor: Actor, which: Replay): Promise<number> {
  return commit(deps, actor, async (tx) => {
    const replayed =
      'deliveryId' in which
        ? Number(await replayDelivery(tx, which.deliveryId))
        : await replayGivenUp(tx, { ...which, count: WEBHOOK.changedAtOnce })
    if (replayed === 0) return { result: 0, event: null, invalidate: [] }
    const subject = 'deliveryId' in which ? { deliveryId: which.deliveryId } : { endpointId: which.endpointId }
    const details = { ...subject, deliveries: replayed }
    return { result: replayed, event: { type: 'webhooks_replayed', userId: null, details }, invalidate: [] }
  })
}
