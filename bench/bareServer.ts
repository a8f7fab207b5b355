import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Starts the frameworks alone, in a process of their own; with `databaseUrl` also Prisma. */
export async function startBareServer(
  databaseUrl?: string,
): Promise<{ url: string; child: ChildProcess; stop: () => Promise<void> }> {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [join(__dirname, 'bareServer.mjs')], {
    env: { PATH, NODE_ENV: 'production', ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await Promise.race([once(child.stdout, 'data'), failed(child)])) as [Buffer]
  const stop = async () => {
    const exited = once(child, 'exit')
    child.kill()
    await exited
  }
  return { url: line.toString().trim(), child, stop }
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null]
  throw new Error(`The bare server ended with ${code}`)
}
