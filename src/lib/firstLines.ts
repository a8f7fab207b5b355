import { hash } from 'node:crypto'

/**
 * The first line of each text, such as an address, of a file of any length: 12 bytes a slot instead of the text. Of a
 * million texts two have the same 64 bits of SHA-256 once in 37 million files.
 */
export class FirstLines {
  private slots = new Uint32Array(3 * 1_024)
  private used = 0

  /** Null if the text has no line yet. */
  find(text: string): number | null {
    return this.slots[slotOf(this.slots, keyOf(text)) + 2] || null
  }

  /** Notes the line of a text, unless an earlier one is known. */
  add(text: string, line: number): void {
    const key = keyOf(text)
    const slot = slotOf(this.slots, key)
    if (this.slots[slot + 2] !== 0) return
    write(this.slots, slot, { ...key, line })
    this.used += 1
    if (this.used * 6 > this.slots.length) this.grow()
  }

  private grow(): void {
    const slots = new Uint32Array(this.slots.length * 2)
    for (let at = 0; at < this.slots.length; at += 3) {
      const [high = 0, low = 0, line = 0] = this.slots.subarray(at, at + 3)
      if (line !== 0) write(slots, slotOf(slots, { high, low }), { high, low, line })
    }
    this.slots = slots
  }
}

interface Key {
  high: number
  low: number
}

function keyOf(text: string): Key {
  const digest = hash('sha256', text, 'buffer')
  return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) }
}

/** Where the key is, or the free slot for it. A line of 0 marks a free slot; half of them are always free. */
function slotOf(slots: Uint32Array, { high, low }: Key): number {
  const count = slots.length / 3
  let slot = low % count
  while (slots[3 * slot + 2] !== 0 && (slots[3 * slot] !== high || slots[3 * slot + 1] !== low))
    slot = (slot + 1) % count
  return 3 * slot
}

function write(slots: Uint32Array, at: number, entry: Key & { line: number }): void {
  slots[at] = entry.high
  slots[at + 1] = entry.low
  slots[at + 2] = entry.line
}
