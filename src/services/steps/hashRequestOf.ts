import type { HashRequest } from '../../passwords/hashRequest'
import type { ClientInfo } from '../deps'

/**
 * The hash queue is fair between the widest networks that rate limits count, since one IPv6 customer may have thousands
 * of /64s.
 */
export function hashRequestOf({ ipAddress, networks, signal }: ClientInfo): HashRequest {
  return { client: networks.at(-1)?.prefix ?? ipAddress, signal }
}
