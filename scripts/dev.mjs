// npm run dev: compiles on change, and restarts the server when something was compiled.
import { spawn } from 'node:child_process'
import { build } from './build.mjs'

await build()
const swc = ['node_modules/@swc/cli/bin/swc.js', 'src', '-d', 'dist', '--strip-leading-paths', '--watch', '--quiet']
const children = [
  spawn(process.execPath, swc, { stdio: 'inherit' }),
  spawn(process.execPath, ['--watch-path=dist', '--watch-preserve-output', 'dist/main.js', 'serve'], {
    stdio: 'inherit',
  }),
]
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => children.forEach((child) => child.kill(signal)))
