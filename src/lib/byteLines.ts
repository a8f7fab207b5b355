const LF = 0x0a
const CR = 0x0d

/**
 * The lines of a stream of bytes, each without its end (LF or CRLF). Null replaces a line of more than `maxBytes`. Splits
 * bytes, not text: decoders hide invalid UTF-8, and Node's readline also splits at U+2028 inside a JSON string.
 */
export async function* byteLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = []
  let length = 0
  const add = (part: Buffer): void => {
    length += part.length
    if (length <= maxBytes) parts.push(part)
    else parts = []
  }
  const take = (): Buffer | null => {
    const line = length > maxBytes ? null : withoutReturn(Buffer.concat(parts))
    parts = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      yield take()
    }
    add(chunk.subarray(start))
  }
  if (length > 0) yield take()
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CR ? line.subarray(0, -1) : line
}
