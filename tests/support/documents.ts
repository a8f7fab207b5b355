/** The rows of a Markdown table that stands between `<!-- table: name -->` and `<!-- /table -->`, without its head. */
export function tableOf(text: string, name: string): string[][] {
  const block = new RegExp(`<!-- table: ${name} -->([^]*?)<!-- /table -->`).exec(text)?.[1]
  if (block === undefined) throw new Error(`No table ${name}`)
  const lines = block.split('\n').filter((line) => line.startsWith('|'))
  return lines.slice(2).map((line) => {
    const cells = line.split('|').slice(1, -1)
    return cells.map((cell) => cell.trim())
  })
}

/** A cell without the backticks of code. */
export function bare(cell: string): string {
  return cell.replaceAll('`', '')
}
