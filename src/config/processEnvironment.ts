/**
 * Variables that configure Node, system libraries and the terminal, but not what the server does. NODE_PG_* is removed: it
 * would select another database driver.
 */
const KEPT =
  /^(?:PATH|TZ|TMPDIR|LANG|LC_\w+|LD_\w+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|NODE_(?!PG_)\w+|SSL_CERT_\w+|OPENSSL_\w+|ASAN_\w+)$/

/** A folder that does not exist: libraries search the home folder for passwords and settings. */
const NO_HOME = '/nonexistent'

let given: NodeJS.ProcessEnv = process.env

/** The environment that the process was started with. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return given
}

/**
 * Hides the environment from libraries, so that only the variables of env.ts have an effect: pg would read libpq's variables
 * and ~/.pgpass, Apollo Server an API key with which it reports usage to Apollo.
 * A process without HOME and without a line in /etc/passwd has no home folder either, and asking for it would throw.
 */
export function hideEnvironment(): void {
  given = { ...process.env }
  for (const name of Object.keys(process.env)) {
    if (!KEPT.test(name)) Reflect.deleteProperty(process.env, name)
  }
  process.env.HOME = NO_HOME
}
