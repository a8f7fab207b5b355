/** Columns of the text part, within the 78 that RFC 5322 §2.1.1 recommends. */
const COLUMNS = 76

/**
 * A user's text as one harmless line: controls, line ends and lone surrogates become spaces; characters that turn the
 * direction of what follows go (CVE-2021-42574). Joiners stay: names and emoji are spelled with them.
 */
export function plainLine(value: string): string {
  return value
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/**
 * Whether a name may stand in a mail: one that holds a URL, a domain, an address or `www.` would be a stranger's
 * advertisement under our sender, and mail programs make links of such text. Letters that look like a dot or an @ count.
 */
export function isMailableName(name: string): boolean {
  const seen = name.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return !/@|www\.|\w:\S|:\/\/|[\p{L}\p{N}\p{M}][.。][\p{L}\p{N}][\p{L}\p{N}\p{M}-]|\d\.\d+\.\d/iu.test(seen)
}

/** Lines broken at spaces; a longer word, as a link is one, keeps a line of its own. Japanese has a line per sentence. */
export function wrapped(text: string): string {
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
