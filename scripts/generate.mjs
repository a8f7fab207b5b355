// Makes src/generated: the Prisma client, the compiled mails and the texts. Nothing in it is committed.
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { compileEmails } from './compile-emails.mjs'

export async function generate() {
  const prisma = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], {
    encoding: 'utf8',
  })
  if (prisma.status !== 0) {
    console.error(prisma.stdout + prisma.stderr)
    process.exit(1)
  }
  await compileEmails()
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await generate()
