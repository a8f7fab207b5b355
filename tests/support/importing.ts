import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestApp } from './app'
import { type TestProcess, runGatehouse } from './process'

export interface Imported {
  code: number | null
  stdout: string
  stderr: string
}

interface Options {
  args?: string[]
  env?: Record<string, string>
  from?: 'stdin' | 'file'
  /** Of the file. */
  folder?: string
}

/** Starts `users import`, or `export`, of the built command line on the database of an app. */
export function startUsers(app: TestApp, words: string[], env: Record<string, string> = {}): TestProcess {
  const own = { SECRET: 'the secret of the tests, which is long enough', SMTP_URL: app.smtp.url }
  return runGatehouse(['users', ...words], { ...own, DATABASE_URL: app.databaseUrl, ...env })
}

/** Runs `users import`, with `input` in a file of `folder` or on its standard input. */
export async function importing(
  app: TestApp,
  input: string | Buffer,
  { args = [], env = {}, from = 'stdin', folder = '' }: Options = {},
): Promise<Imported> {
  const file = join(folder, 'users.jsonl')
  if (from === 'file') writeFileSync(file, input)
  const { child } = startUsers(app, ['import', ...args, ...(from === 'file' ? [file] : [])], env)
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin?.on('error', () => undefined) // a command that ends without reading it
  child.stdin?.end(from === 'stdin' ? input : '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}
