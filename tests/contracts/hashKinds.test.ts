import { Pool } from 'pg'
import { PASSWORD } from '../../src/config/defaults'
import { createHashKinds, findHashKinds } from '../../src/store/hashKinds'
import { TestClock } from '../support/app'
import { type TestDatabase, createDatabase } from '../support/database'

const REST = '.'.repeat(53)
const DIGEST = 'c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createDatabase()
  pool = new Pool({ connectionString: database.url, max: 4 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

let people = 0
async function addUsers(...hashes: string[]): Promise<void> {
  for (const hash of hashes) {
    const email = `kind${(people += 1)}@example.com`
    // Verified: an account that waits for its verification holds no password, whoever writes one.
    await pool.query('INSERT INTO users (email, password_hash, email_verified_at) VALUES ($1, $2, now())', [
      email,
      hash,
    ])
  }
}

test('the kinds of hashes that accounts have are each named once, and what is no hash is none', async () => {
  expect(await findHashKinds(pool)).toEqual([])
  await addUsers('!', 'plain text', `$2b$12$${REST}`, `$2b$12$${REST}`, `$2y$10$${REST}`, `$2b$13$${REST}`)
  await addUsers(`$argon2id$v=19$m=65536,t=2,p=1$${DIGEST}`, `$argon2id$m=65536,t=2,p=1$${DIGEST}`)
  expect((await findHashKinds(pool)).sort()).toEqual(
    ['$2b$12$', '$2b$13$', '$2y$10$', '$argon2id$m=65536,t=2,p=1$', '$argon2id$v=19$m=65536,t=2,p=1$'].sort(),
  )
})

test('so are those that only imports bring in', async () => {
  const before = await findHashKinds(pool)
  const firebase = (salt: string) => `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=AAAAAAAAAAAAAAAAAAAAAA==$${salt}==$AAAA`
  await addUsers(`$argon2i$v=19$m=65536,t=2,p=1$${DIGEST}`, `$scrypt$ln=14,r=8,p=1$${DIGEST}`, firebase('AA'))
  await addUsers(`$pbkdf2-sha256$i=1000$${DIGEST}`, `$pbkdf2-sha512$i=1000$${DIGEST}`, firebase('BB'), '$pbkdf2$1$a$b')
  const added = (await findHashKinds(pool)).filter((kind) => !before.includes(kind))
  expect(added.sort()).toEqual(
    ['$argon2i$v=19$m=65536,t=2,p=1$', '$scrypt$ln=14,r=8,p=1$', '$pbkdf2-sha256$i=1000$', '$pbkdf2-sha512$i=1000$']
      .concat('$fbscrypt$v=1,n=14,r=8,p=1')
      .sort(),
  )
})

test('finding them reads as many entries of an index as there are kinds, however many accounts', async () => {
  await pool.query(`
    INSERT INTO users (email, password_hash, email_verified_at)
    SELECT n || '@example.com', '$2b$12$${REST}', now() FROM generate_series(1, 20000) n`)
  await pool.query('ANALYZE users')
  const explained: string[] = []
  const explaining = {
    query: async (text: string) => {
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, TIMING off, SUMMARY off) ${text}`)
      explained.push(...rows.map((row) => row['QUERY PLAN']))
      return { rows: [] }
    },
  }
  await findHashKinds(explaining)
  const scans = explained.filter((line) => /Scan .*on users/.test(line))
  expect(scans.length).toBeGreaterThan(0)
  expect(
    scans.filter((line) => !/users_(?:password|foreign)_hash_kind_idx.*rows=[01](?:\.\d+)? loops/.test(line)),
  ).toEqual([])
})

test('they are read again when half a minute has passed, and many that ask at once share one query', async () => {
  const clock = new TestClock()
  let queries = 0
  const counting = {
    query: (text: string) => {
      queries += 1
      return pool.query<{ kind: string }>(text)
    },
  }
  const kinds = createHashKinds({ pool: counting, clock })
  const before = await Promise.all(Array.from({ length: 50 }, kinds))
  expect(queries).toBe(1)
  expect(before[0]).not.toContain('$2b$14$')
  await addUsers(`$2b$14$${REST}`)
  expect(await kinds()).toEqual(before[0])
  clock.pass(PASSWORD.hashKindsMaxAge)
  expect(await kinds()).toContain('$2b$14$')
})

test('after a failure they are asked for again', async () => {
  let broken = true
  const failing = {
    query: (text: string) => (broken ? Promise.reject(new Error('away')) : pool.query<{ kind: string }>(text)),
  }
  const kinds = createHashKinds({ pool: failing, clock: new TestClock() })
  await expect(kinds()).rejects.toThrow('away')
  broken = false
  expect(await kinds()).toContain('$2b$12$')
})
