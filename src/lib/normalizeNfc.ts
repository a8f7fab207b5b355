/** UTF-16 units: the longest text of use has 128 code points, and NFC joins at most four of two units each into one. */
const MAX_LENGTH = 1_024

/**
 * The text in NFC. Normalization sorts the combining marks of one letter in quadratic time: 100 kB of them would block the
 * event loop for seconds. So a text above the limit, which is refused later, is returned unchanged.
 */
export function normalizeNfc(text: string): string {
  return text.length > MAX_LENGTH ? text : text.normalize('NFC')
}
