/** UTF-16 units: eight for each of the 128 code points that the longest text of use has, since NFC joins up to four. */
const MAX_COMPOSED = 1_024

/**
 * The text in NFC. The marks upon one letter are put in order in quadratic time, so that 100 kB of them would hold up
 * everyone for seconds: what is too long to be of use anyway comes back as it is.
 */
export function composed(text: string): string {
  return text.length > MAX_COMPOSED ? text : text.normalize('NFC')
}
