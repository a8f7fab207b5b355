// Bundles account/, the script of the account page, into src/generated/accountScript.ts: the server sends it from memory.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const NOTICE = '// Written by scripts/compile-account.mjs from account/: change it there.\n'

export async function compileAccount() {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'account/main.tsx')],
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    write: false,
  })
  const [script] = outputFiles
  await mkdir(join(root, 'src/generated'), { recursive: true })
  await writeFile(
    join(root, 'src/generated/accountScript.ts'),
    `${NOTICE}export const ACCOUNT_SCRIPT = ${JSON.stringify(script.text)}\n`,
  )
}
