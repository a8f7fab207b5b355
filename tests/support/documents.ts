import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(__dirname, '../..')

export interface CodeBlock {
  language: string
  code: string
}

/** Each block of code of a page of the documents, in order. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = '', code = '']) => ({ language, code }))
}

/** The block of code below `<!-- test: name -->`. */
export function testedCode(page: string, name: string): string {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const code = new RegExp(`<!-- test: ${name} -->\\s+\`\`\`\\w+\\n([^]*?)\`\`\``).exec(text)?.[1]
  if (code === undefined) throw new Error(`${page} has no code for the test ${name}`)
  return code
}

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
