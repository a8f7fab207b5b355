/** Columns of the text part, within the 78 that RFC 5322 §2.1.1 recommends. */
const COLUMNS = 76

/**
 * A user's text as one line: control characters, line ends and lone surrogates become spaces, and bidirectional overrides
 * are removed (CVE-2021-42574). Joiners are kept: some names and emoji need them.
 */
export function plainLine(value: string): string {
  return value
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/**
 * False for a name with a URL, a domain, an address or `www.`: mail programs turn such text into links, so a stranger could
 * advertise under our sender. NFKC also catches characters that look like a dot or an @.
 */
export function isMailableName(name: string): boolean {
  const seen = name.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return !/@|www\.|\w:\S|:\/\/|[\p{L}\p{N}\p{M}][.。][\p{L}\p{N}][\p{L}\p{N}\p{M}-]|\d\.\d+\.\d/iu.test(seen)
}

/** Breaks lines at spaces. Text longer than a line without a space (a link) gets its own line; Japanese, one per sentence. */
export function wrapText(text: string): string {
  return text
    .split(/\n|(?<=。)(?=[^\n])/)
    .flatMap(wrapLine)
    .join('\n')
}

function wrapLine(line: string): string[] {
  if (line.length <= COLUMNS) return [line]
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > COLUMNS) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current]
}
