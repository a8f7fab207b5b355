const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/uy
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null/y

/** The line and the column, as an editor counts them, at which a text stops being JSON. JSON.parse does not name it for each mistake. */
export function findJsonMistake(text: string): { line: number; column: number } {
  const before = text.slice(0, new JsonReader(text).findMistake()).split('\n')
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 }
}

class JsonReader {
  private at = 0
  constructor(private readonly text: string) {}

  /** Where the first token stands that is not allowed there. */
  findMistake(): number {
    if (this.readValue()) this.skipSpace()
    return this.at
  }

  private readValue(): boolean {
    if (this.read(/\{/y)) return this.read(/\}/y) || this.readList(() => this.readMember(), /\}/y)
    if (this.read(/\[/y)) return this.read(/\]/y) || this.readList(() => this.readValue(), /\]/y)
    return this.read(STRING) || this.read(NUMBER_OR_WORD)
  }

  private readMember(): boolean {
    return this.read(STRING) && this.read(/:/y) && this.readValue()
  }

  private readList(readItem: () => boolean, end: RegExp): boolean {
    do if (!readItem()) return false
    while (this.read(/,/y))
    return this.read(end)
  }

  /** Goes past white space, and past the token if it stands behind it. */
  private read(token: RegExp): boolean {
    this.skipSpace()
    token.lastIndex = this.at
    const found = token.test(this.text)
    if (found) this.at = token.lastIndex
    return found
  }

  private skipSpace(): void {
    while (/[ \t\r\n]/.test(this.text.charAt(this.at))) this.at += 1
  }
}
