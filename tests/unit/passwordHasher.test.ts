import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import bcrypt from 'bcrypt'
import { createHashScheduler } from '../../src/crypto/hashScheduler'
import { type PasswordHasher, createPasswordHasher } from '../../src/crypto/passwordHasher'
import { AbandonedError } from '../../src/errors/requestErrors'

const observe = { refused: () => undefined, dropped: () => undefined, waited: () => undefined, ran: () => undefined }
const scheduler = createHashScheduler({ concurrency: 2, maxWait: 30_000, observe })
const turn = { client: '192.0.2.1', connection: {}, signal: new AbortController().signal }

setMaxListeners(0, turn.signal)

const byBcrypt = hasher('bcrypt', 5)
const byArgon2 = hasher('argon2id', 5)

function hasher(algorithm: 'bcrypt' | 'argon2id', bcryptCost: number): PasswordHasher {
  return createPasswordHasher({ algorithm, bcryptCost, scheduler })
}

/** Hashes that other programs made: crypt(3), jBCrypt's and the argon2 reference's test vectors. */
const FOREIGN = {
  $2y$: ['rasmuslerdorf', '$2y$06$BCryptRequires22ChrcteKG813GU6CMGDa85KdtV20WWEFKkLZv2'],
  $2a$: ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  $argon2id$: ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
} as const

describe.each([
  ['bcrypt', byBcrypt, /^\$2b\$05\$/],
  ['argon2id', byArgon2, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/],
] as const)('%s', (_name, passwords, shape) => {
  test('the password verifies and every other one does not', async () => {
    const stored = await passwords.hash('violet tractor seven moons', turn)
    expect(stored).toMatch(shape)
    expect(await passwords.verify('violet tractor seven moons', stored, turn)).toEqual({ valid: true, outdated: false })
    expect(await passwords.verify('violet tractor seven moon', stored, turn)).toEqual({ valid: false, outdated: false })
    expect(await passwords.verify('', stored, turn)).toEqual({ valid: false, outdated: false })
  })

  test('two users with one password have different hashes', async () => {
    const [one, other] = await Promise.all([passwords.hash('the same', turn), passwords.hash('the same', turn)])
    expect(one).not.toBe(other)
  })

  test.each([
    ['ASCII', 'x'.repeat(80)],
    ['Cyrillic', 'я'.repeat(64)],
    ['emoji', '😀'.repeat(128)],
  ])('every character of a long password counts (%s)', async (_script, password) => {
    const stored = await passwords.hash(password, turn)
    const first72 = Buffer.from(password).subarray(0, 72).toString()
    expect((await passwords.verify(password, stored, turn)).valid).toBe(true)
    expect((await passwords.verify(`${password.slice(0, -2)}yy`, stored, turn)).valid).toBe(false)
    expect((await passwords.verify(first72, stored, turn)).valid).toBe(false)
  })

  test('without a stored hash no password is right, not even the decoy', async () => {
    expect(await passwords.verify('', null, turn)).toEqual({ valid: false, outdated: false })
    expect(await passwords.verify('decoy', null, turn)).toEqual({ valid: false, outdated: false })
  })

  test.each(Object.entries(FOREIGN))(
    'hashes of other systems verify (%s) and are outdated',
    async (_prefix, [password, stored]) => {
      expect(await passwords.verify(password, stored, turn)).toEqual({ valid: true, outdated: true })
      expect(await passwords.verify(`${password} `, stored, turn)).toEqual({ valid: false, outdated: false })
    },
  )

  test.each([
    '',
    'plain text',
    '$1$salt$qJH7.N4xYta3aEG/dfqo/0',
    '$2b$05$tooshort',
    '$2x$05$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i',
    '$2b$03$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i',
    '$2b$31$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i',
    `$2b$05$${'.'.repeat(53)}\n`,
    '$argon2id$v=19$m=4,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=2,p=99$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ])('what is no hash of ours, or dearer than any is meant to be, is nobody’s password: %j', async (stored) => {
    expect(await passwords.verify('abc', stored, turn)).toEqual({ valid: false, outdated: false })
  })
})

test('up to 72 bytes bcrypt hashes are those of any other system, beyond they are of base64(SHA-384)', async () => {
  const exactly72 = 'я'.repeat(36)
  const longer = `${exactly72}!`
  const digest = createHash('sha384').update(longer).digest('base64')
  expect(await bcrypt.compare(exactly72, await byBcrypt.hash(exactly72, turn))).toBe(true)
  expect(await bcrypt.compare(digest, await byBcrypt.hash(longer, turn))).toBe(true)
})

test('a hash of another cost is outdated, a dearer one too', async () => {
  const stored = await byBcrypt.hash('abc', turn)
  expect(await hasher('bcrypt', 6).verify('abc', stored, turn)).toEqual({ valid: true, outdated: true })
  expect(await hasher('bcrypt', 4).verify('abc', stored, turn)).toEqual({ valid: true, outdated: true })
})

test('a hash of the other algorithm is outdated', async () => {
  const [bcryptHash, argon2Hash] = await Promise.all([byBcrypt.hash('abc', turn), byArgon2.hash('abc', turn)])
  expect(await byArgon2.verify('abc', bcryptHash, turn)).toEqual({ valid: true, outdated: true })
  expect(await byBcrypt.verify('abc', argon2Hash, turn)).toEqual({ valid: true, outdated: true })
})

test('50 verifications at once each have their own answer', async () => {
  const stored = await byBcrypt.hash('right', turn)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => byBcrypt.verify(n % 2 === 0 ? 'right' : 'wrong', stored, turn)),
  )
  expect(answers.map(({ valid }) => valid)).toEqual(Array.from({ length: 50 }, (_, n) => n % 2 === 0))
})

test('a hash takes its turn: for a client that has gone there is none', async () => {
  const gone = { client: '192.0.2.1', connection: {}, signal: AbortSignal.abort() }
  await expect(byBcrypt.hash('abc', gone)).rejects.toBeInstanceOf(AbandonedError)
  await expect(byBcrypt.verify('abc', null, gone)).rejects.toBeInstanceOf(AbandonedError)
})

describe('equal work', () => {
  /** Milliseconds of processor time, of which a busy machine gives no less; the least of five. */
  async function cost(passwords: PasswordHasher, password: string, stored: string | null): Promise<number> {
    const samples: number[] = []
    for (let n = 0; n < 5; n += 1) {
      const before = process.cpuUsage()
      await passwords.verify(password, stored, turn)
      const { user, system } = process.cpuUsage(before)
      samples.push((user + system) / 1000)
    }
    return Math.min(...samples)
  }

  test('an unknown user, a hash that is none and one of a lower cost take as long as a wrong password', async () => {
    const passwords = hasher('bcrypt', 9)
    const wrong = await cost(passwords, 'wrong', await passwords.hash('right', turn))
    const cheaper = await hasher('bcrypt', 7).hash('right', turn)
    for (const stored of [null, '', 'malformed', cheaper]) {
      const other = await cost(passwords, 'wrong', stored)
      expect(other / wrong).toBeGreaterThan(0.7)
      expect(other / wrong).toBeLessThan(1.4)
    }
    expect((await cost(passwords, 'right', cheaper)) / wrong).toBeGreaterThan(0.7)
  })

  test('a hash from before a change to bcrypt is not the quick one', async () => {
    const passwords = hasher('bcrypt', 9)
    const unknown = await cost(passwords, 'wrong', null)
    const older = await cost(passwords, 'wrong', await byArgon2.hash('right', turn))
    expect(older / unknown).toBeGreaterThan(0.7)
  })

  test('with argon2id an unknown user costs a hash too', async () => {
    const wrong = await cost(byArgon2, 'wrong', await byArgon2.hash('right', turn))
    for (const stored of [null, 'malformed']) {
      const other = await cost(byArgon2, 'wrong', stored)
      expect(other / wrong).toBeGreaterThan(0.4)
      expect(other / wrong).toBeLessThan(2.5)
    }
  })
})
