import type { Turn } from '../../crypto/turn'
import type { ClientInfo } from '../deps'

/**
 * Whose turn a hash is: shared by everyone in the widest network that rate limits count, since one IPv6 customer may have
 * thousands of /64s; dropped when the client is gone.
 */
export function turnOf({ ipAddress, networks, signal }: ClientInfo): Turn {
  return { client: networks.at(-1)?.prefix ?? ipAddress, signal }
}
