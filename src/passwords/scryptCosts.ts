import { decimal } from './phcFields'
import type { ScryptHash } from './storedHash'

/**
 * N times r times p, to which the time is proportional: 0.3 to 0.5 s, as OWASP's strongest advice has it (N = 2^17, r = 8). The
 * memory of one hash is 128 bytes times N times r, hence 128 MiB at most.
 */
const MAX_WORK = 2 ** 20

type ScryptCosts = Pick<ScryptHash, 'prefix' | 'N' | 'r' | 'p'> & { problem?: never }

/** The costs of scrypt: the binary logarithm of N, r and p. */
export function readScryptCosts(
  logarithm: string | undefined,
  blocks: string | undefined,
  lanes: string | undefined,
): ScryptCosts | { problem: string } {
  const [ln, r, p] = [decimal(logarithm), decimal(blocks), decimal(lanes)]
  if (ln === undefined || r === undefined || p === undefined) return { problem: 'without whole numbers for its costs' }
  if (ln < 1 || r < 1 || p < 1) return { problem: 'with a cost of 0' }
  // RFC 7914 §2: N is less than 2^(128 * r / 8).
  if (ln >= 16 * r) return { problem: 'with N of 2^16 or more for each block of r' }
  if (2 ** ln * r * p > MAX_WORK) return { problem: `with N times r times p above ${MAX_WORK}` }
  return { prefix: `ln=${ln},r=${r},p=${p}`, N: 2 ** ln, r, p }
}
