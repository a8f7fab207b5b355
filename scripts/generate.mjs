// Makes src/generated: the Prisma client, the compiled mails, the texts, and the script of the account page; and the dist
// of packages/client. Nothing of it is committed.
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { compileAccount } from './compile-account.mjs'
import { compileClient } from './compile-client.mjs'
import { compileEmails } from './compile-emails.mjs'

export async function generate() {
  const prisma = spawnSync(process.execPath, ['node_modules/prisma/build/index.js', 'generate', '--no-hints'], {
    encoding: 'utf8',
  })
  if (prisma.status !== 0) {
    console.error(prisma.stdout + prisma.stderr)
    process.exit(1)
  }
  await compileClient()
  await compileEmails()
  await compileAccount()
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await generate()
