import type { Turn } from '../../crypto/turn'
import type { Client } from '../deps'

/** Whose turn a hash is: shared with all behind one address, and dropped when the client is gone. */
export function turnOf({ budgetPrefix, connection, signal }: Client): Turn {
  return { client: budgetPrefix, connection, signal }
}
