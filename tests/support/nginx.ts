import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../src/lib/freePort'
import { temporaryFolder } from './process'

export interface Nginx {
  url: string
  /** Of each answered request the instances that it was sent to, the last of which answered. */
  upstreams(): string[][]
  /** Marks an instance as `down`, or no longer, and reloads the configuration without an end to requests under way. */
  mark(instance: string, state: 'up' | 'down'): void
  stop(): Promise<void>
}

/** What the file of conf.d does not say: nothing is written outside of a folder, and the log tells who answered. */
const AROUND = `
daemon off;
pid nginx.pid;
worker_processes 1;
events { worker_connections 256; }
http {
  log_format upstreams '$upstream_addr';
  access_log access.log upstreams;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include gatehouse.conf;
}
`

/** A real nginx with deploy/nginx.conf before two instances; only the addresses are others, and TLS is left out. */
export async function startNginx(instances: [string, string]): Promise<Nginx> {
  const port = await freePort('127.0.0.1')
  const folder = temporaryFolder()
  const [first, second] = instances.map((url) => new URL(url).host) as [string, string]
  const documented = readFileSync(join(__dirname, '../../deploy/nginx.conf'), 'utf8')
  const adapted = documented
    .replace('127.0.0.1:4000', first)
    .replace('127.0.0.1:4001', second)
    .replace('listen 443 ssl', `listen 127.0.0.1:${port}`)
    .replace(/^ *ssl_.*\n/gm, '')
  mkdirSync(join(folder.path, 'logs'))
  const file = join(folder.path, 'gatehouse.conf')
  writeFileSync(file, adapted)
  writeFileSync(join(folder.path, 'nginx.conf'), AROUND)
  // As root it would give up its rights, and with them the folder.
  const asRoot = process.getuid?.() === 0 ? ['-g', 'user root;'] : []
  const args = ['-p', folder.path, '-c', 'nginx.conf', '-e', 'error.log', ...asRoot]
  const child = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const exited = once(child, 'exit')
  return {
    url: `http://127.0.0.1:${port}`,
    upstreams: () =>
      readFileSync(join(folder.path, 'access.log'), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(', ')),
    mark: (instance, state) => {
      const server = `server ${new URL(instance).host}`
      writeFileSync(file, state === 'up' ? adapted : adapted.replace(`${server};`, `${server} down;`))
      child.kill('SIGHUP')
    },
    stop: async () => {
      process.off('exit', endWithUs)
      child.kill('SIGQUIT')
      await exited
      folder.remove()
    },
  }
}
