/**
 * Variables that speak to Node, to the system's libraries and to the terminal; none of them says what the server does.
 * NODE_PG_* would choose another database driver.
 */
const KEPT =
  /^(?:PATH|TZ|TMPDIR|LANG|LC_\w+|LD_\w+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|NODE_(?!PG_)\w+|SSL_CERT_\w+|OPENSSL_\w+|ASAN_\w+)$/

/** A folder that does not exist: libraries look into the home folder for passwords and settings. */
const NO_HOME = '/nonexistent'

let given: NodeJS.ProcessEnv = process.env

/** The environment that the process was started with. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return given
}

/**
 * Hides the environment from libraries, some of which read settings there by themselves: pg the variables of libpq and
 * ~/.pgpass, Apollo Server a key by which it would report to its maker. What is not in env.ts has no effect.
 * A process without HOME and without a line in /etc/passwd has no home folder either, and asking for it would throw.
 */
export function hideEnvironment(): void {
  given = { ...process.env }
  for (const name of Object.keys(process.env)) {
    if (!KEPT.test(name)) Reflect.deleteProperty(process.env, name)
  }
  process.env.HOME = NO_HOME
}
