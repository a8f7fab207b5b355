import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import argon2 from 'argon2'
import bcrypt from 'bcrypt'
import { HashQueue } from '../../src/passwords/hashQueue'
import { type PasswordHasher, createPasswordHasher } from '../../src/passwords/passwordHasher'
import { AbandonedError } from '../../src/errors/requestErrors'

const observe = { refused: () => undefined, dropped: () => undefined, waited: () => undefined, ran: () => undefined }
const hashQueue = new HashQueue({ concurrency: 2, maxWait: 30_000, observe })
const request = { client: '192.0.2.1', signal: new AbortController().signal }

setMaxListeners(0, request.signal)

const byBcrypt = hasher('bcrypt', 5)
const byArgon2 = hasher('argon2id', 5)

function hasher(algorithm: 'bcrypt' | 'argon2id', bcryptCost: number, kinds: string[] = []): PasswordHasher {
  return createPasswordHasher({ algorithm, bcryptCost, hashQueue, kindsPresent: () => Promise.resolve(kinds) })
}

const DIGITS_AND_LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Hashes that other programs made: PHP's, jBCrypt's, crypt_blowfish's and the argon2 reference's test vectors. */
const FOREIGN: Record<string, [password: string, hash: string]> = {
  $2y$: ['rasmuslerdorf', '$2y$06$BCryptRequires22ChrcteKG813GU6CMGDa85KdtV20WWEFKkLZv2'],
  $2a$: ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  '$2a$ of crypt_blowfish': ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
  '$2a$ of 72 bytes': [DIGITS_AND_LETTERS, '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui'],
  '$2b$ of 72 bytes': [DIGITS_AND_LETTERS, '$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui'],
  '$2a$ with bits that belong to no byte': ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXdAcXxm9kjPGEMsLznoKqmqw7tc8WCx4b'],
  'blanks around it': ['abc', ' $2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i \r\n'],
  $argon2id$: ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  '$argon2id$ in another order, padded': [
    'password',
    '$argon2id$v=19$p=1,m=65536,t=2$c29tZXNhbHQ=$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=',
  ],
}

/** The parameters and the account that Firebase publishes with its own implementation, and an argon2i reference vector. */
const FIREBASE =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==' +
  '$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=='
const base64Of = (hexadecimal: string) => Buffer.from(hexadecimal, 'hex').toString('base64').replace(/=+$/, '')
const textBase64 = (text: string) => Buffer.from(text).toString('base64').replace(/=+$/, '')

/** By the runtime's own implementation. */
function scryptHash(password: string, ln: number, salt = 'some salt'): string {
  const digest = scryptSync(password, salt, 64, { N: 2 ** ln, r: 8, p: 1, maxmem: 2 ** 28 })
  return `$scrypt$ln=${ln},r=8,p=1$${textBase64(salt)}$${base64Of(digest.toString('hex'))}`
}
function pbkdf2Hash(password: string, iterations: number, length = 32): string {
  const digest = pbkdf2Sync(password, 'some salt', iterations, length, 'sha256')
  return `$pbkdf2-sha256$i=${iterations}$${textBase64('some salt')}$${base64Of(digest.toString('hex'))}`
}

const IMPORTED: Record<string, [password: string, hash: string]> = {
  'argon2i of the reference': [
    'password',
    '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8',
  ],
  'scrypt of RFC 7914 §12': [
    'pleaseletmein',
    `$scrypt$ln=14,r=8,p=1$${textBase64('SodiumChloride')}$${base64Of(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    )}`,
  ],
  'scrypt of several lanes, RFC 7914 §12': [
    'password',
    `$scrypt$ln=10,r=8,p=16$${textBase64('NaCl')}$${base64Of(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162' +
        '2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    )}`,
  ],
  'scrypt by another program': ['violet', scryptHash('violet', 4)],
  'PBKDF2 of RFC 7914 §11': [
    'passwd',
    `$pbkdf2-sha256$i=1$${textBase64('salt')}$${base64Of(
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
        'a49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a1978',
    )}`,
  ],
  'PBKDF2 of RFC 7914 §11, many iterations': [
    'Password',
    `$pbkdf2-sha256$80000$${textBase64('NaCl')}$${base64Of(
      '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56' +
        'a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
    )}`,
  ],
  'PBKDF2 of SHA-512': [
    'password',
    `$pbkdf2-sha512$i=1,l=64$${textBase64('salt')}$${base64Of(
      '867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252' +
        'c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce',
    )}`,
  ],
  'PBKDF2 by another program': ['violet', pbkdf2Hash('violet', 100, 20)],
  'Django’s bcrypt of SHA-256': [
    'violet tractor seven moons',
    '$2b$04$n/mk/EDEVf6xqmg3N385CeCTarcKs5289q7sbz0wjuym4w.DO8yGe$sha256',
  ],
  'Django’s bcrypt of SHA-256, of more than 72 bytes': [
    'violet tractor seven moons over the copper lantern of nine rivers, then eighty',
    '$2b$04$wZ7uAyN0adl3.MnyiSLZyOYqwupdusq26uCupZo8xTazTl2Oivqhy$sha256',
  ],
  'Django’s bcrypt of SHA-256, of text that is not NFC': [
    'cafe\u0301 violet tractor',
    '$2b$04$4khzVOKqjNgwJoh3PZaezuXXLp66Z/7.0RIV1ZJnsCkeZWSNCaBbu$sha256',
  ],
  Firebase: ['user1password', FIREBASE],
  'Firebase in the URL alphabet': ['user1password', FIREBASE.replaceAll('/', '_').replace('C+ixf', 'C-ixf')],
}

test.each(Object.entries(IMPORTED))('a stored hash verifies and is outdated: %s', async (_kind, [password, stored]) => {
  expect(await byBcrypt.verify(password, stored, request)).toEqual({ valid: true, outdated: true })
  expect(await byBcrypt.verify(`${password} `, stored, request)).toEqual({ valid: false, outdated: false })
})

test('a hash of a digest is not matched by the digest itself, nor by the first 72 bytes of the password', async () => {
  const digest = createHash('sha256').update('violet').digest('hex')
  const ofDigest = `${await bcrypt.hash(digest, 4)}$sha256`
  const passwords = ['violet', digest, createHash('sha256').update(digest).digest('hex')]
  const matches = await Promise.all(passwords.map((password) => byBcrypt.verify(password, ofDigest, request)))
  expect(matches.map(({ valid }) => valid)).toEqual([true, false, false])
  const long = createHash('sha256').update(LONG).digest('hex')
  const ofLong = `${await bcrypt.hash(long, 4)}$sha256`
  expect((await byBcrypt.verify(LONG, ofLong, request)).valid).toBe(true)
  expect((await byBcrypt.verify(LONG.slice(0, 72), ofLong, request)).valid).toBe(false)
})

test('scrypt and PBKDF2 hashes verify as typed, in NFC, and scrypt in NFKC too', async () => {
  const [typed, composed, compatible] = ['cafe\u0301 \ufb01', 'caf\u00e9 \ufb01', 'caf\u00e9 fi']
  const hashes = [scryptHash(typed, 4), scryptHash(composed, 4), scryptHash(compatible, 4)]
  for (const stored of [...hashes, pbkdf2Hash(typed, 9), pbkdf2Hash(composed, 9)])
    expect(await byBcrypt.verify(typed, stored, request)).toEqual({ valid: true, outdated: true })
})

/** In the order of the alphabet, so that no dictionary and no repetition is at work. */
const LONG = Array.from({ length: 80 }, (_, n) => String.fromCharCode(33 + n)).join('')

describe.each([
  ['bcrypt', byBcrypt, /^\$2b\$05\$/],
  ['argon2id', byArgon2, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/],
] as const)('%s', (_name, passwords, shape) => {
  test('the password verifies and every other one does not', async () => {
    const stored = await passwords.hash('violet tractor seven moons', request)
    expect(stored).toMatch(shape)
    expect(await passwords.verify('violet tractor seven moons', stored, request)).toEqual({
      valid: true,
      outdated: false,
    })
    expect(await passwords.verify('violet tractor seven moon', stored, request)).toEqual({
      valid: false,
      outdated: false,
    })
    expect(await passwords.verify('', stored, request)).toEqual({ valid: false, outdated: false })
  })

  test('two users with one password have different hashes', async () => {
    const [one, other] = await Promise.all([passwords.hash('the same', request), passwords.hash('the same', request)])
    expect(one).not.toBe(other)
  })

  test.each([
    ['ASCII', 'x'.repeat(80)],
    ['Cyrillic', 'я'.repeat(64)],
    ['emoji', '😀'.repeat(128)],
  ])('every character of a long password counts (%s)', async (_script, password) => {
    const stored = await passwords.hash(password, request)
    const first72 = Buffer.from(password).subarray(0, 72).toString()
    expect((await passwords.verify(password, stored, request)).valid).toBe(true)
    expect((await passwords.verify(`${password.slice(0, -2)}yy`, stored, request)).valid).toBe(false)
    expect((await passwords.verify(first72, stored, request)).valid).toBe(false)
  })

  test('without a stored hash no password is right, not even the decoy', async () => {
    expect(await passwords.verify('', null, request)).toEqual({ valid: false, outdated: false })
    expect(await passwords.verify('decoy', null, request)).toEqual({ valid: false, outdated: false })
  })

  test.each(Object.entries(FOREIGN))(
    'hashes of other systems verify (%s) and are outdated',
    async (_prefix, [password, stored]) => {
      expect(await passwords.verify(password, stored, request)).toEqual({ valid: true, outdated: true })
      expect(await passwords.verify(` ${password}`, stored, request)).toEqual({ valid: false, outdated: false })
    },
  )

  test('of an argon2id hash without a version the version is the first one', async () => {
    const stored = await argon2.hash('password', { type: argon2.argon2id, version: 0x10, memoryCost: 64, timeCost: 1 })
    expect(stored).toContain('$v=16$')
    expect(await passwords.verify('password', stored.replace('$v=16', ''), request)).toEqual({
      valid: true,
      outdated: true,
    })
  })

  test('hashes of text that is not NFC verify as typed, and are outdated', async () => {
    const decomposed = 'caf\u0065\u0301 violet'
    const byOthers = [await bcrypt.hash(decomposed, 4), await argon2.hash(decomposed, { memoryCost: 64, timeCost: 1 })]
    for (const stored of byOthers) {
      expect(await passwords.verify(decomposed, stored, request)).toEqual({ valid: true, outdated: true })
      expect((await passwords.verify('cafe violet', stored, request)).valid).toBe(false)
    }
    const own = await passwords.hash(decomposed, request)
    expect(await passwords.verify(decomposed, own, request)).toEqual({ valid: true, outdated: false })
    expect(await passwords.verify(decomposed.normalize('NFC'), own, request)).toEqual({ valid: true, outdated: false })
  })

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
    '$argon2d$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$scrypt$ln=21,r=8,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$scrypt$ln=16,r=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$scrypt$ln=4,r=8,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$pbkdf2-sha256$i=1500001$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$pbkdf2-sha256$i=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$pbkdf2-sha1$i=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$42xEC+ixf3L2lw==$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ])('what is no hash of ours, or costlier than any is meant to be, is nobody’s password: %j', async (stored) => {
    expect(await passwords.verify('abc', stored, request)).toEqual({ valid: false, outdated: false })
  })
})

test('up to 72 bytes bcrypt hashes are those of any other system, beyond they are of base64(SHA-384)', async () => {
  const exactly72 = 'я'.repeat(36)
  const longer = `${exactly72}!`
  const digest = createHash('sha384').update(longer).digest('base64')
  expect(await bcrypt.compare(exactly72, await byBcrypt.hash(exactly72, request))).toBe(true)
  expect(await bcrypt.compare(digest, await byBcrypt.hash(longer, request))).toBe(true)
})

describe('bcrypt of more than 72 bytes', () => {
  test('other systems hashed the first 72: what they hashed verifies, and is outdated', async () => {
    const stored = await bcrypt.hash(LONG, 5)
    expect(await byBcrypt.verify(LONG, stored, request)).toEqual({ valid: true, outdated: true })
    expect((await byBcrypt.verify(`!${LONG}`, stored, request)).valid).toBe(false)
    expect((await byBcrypt.verify(LONG.slice(0, 71), stored, request)).valid).toBe(false)
  })

  test('a hash of our own never matches by its first 72 bytes, neither of a longer password nor of one of 72', async () => {
    const [ofLonger, of72] = [await byBcrypt.hash(LONG, request), await byBcrypt.hash(LONG.slice(0, 72), request)]
    for (const other of [`${LONG.slice(0, -1)}!`, LONG.slice(0, 72), LONG.slice(0, 79)]) {
      expect((await byBcrypt.verify(other, ofLonger, request)).valid).toBe(false)
    }
    expect((await byBcrypt.verify(LONG, of72, request)).valid).toBe(false)
    expect((await byBcrypt.verify(LONG.slice(0, 73), of72, request)).valid).toBe(false)
    expect(await byBcrypt.verify(LONG.slice(0, 72), of72, request)).toEqual({ valid: true, outdated: false })
    expect(await byBcrypt.verify(LONG, ofLonger, request)).toEqual({ valid: true, outdated: false })
  })

  test('its digest, typed as a password, is another password', async () => {
    const digest = createHash('sha384').update(LONG).digest('base64')
    expect((await byBcrypt.verify(digest, await byBcrypt.hash(LONG, request), request)).valid).toBe(false)
    expect((await byBcrypt.verify(LONG, await byBcrypt.hash(digest, request), request)).valid).toBe(false)
  })

  test('hashes of our earlier releases, which they did not mark, verify and are outdated', async () => {
    const earlier = await bcrypt.hash(createHash('sha384').update(LONG).digest('base64'), 5)
    expect(await byBcrypt.verify(LONG, earlier, request)).toEqual({ valid: true, outdated: true })
    expect((await byBcrypt.verify(`${LONG.slice(0, -1)}!`, earlier, request)).valid).toBe(false)
    const of72 = await bcrypt.hash(LONG.slice(0, 72), 5)
    expect(await byBcrypt.verify(LONG.slice(0, 72), of72, request)).toEqual({ valid: true, outdated: true })
  })
})

test('a short hash of today’s cost is kept, marked or not', async () => {
  expect(await byBcrypt.verify('abc', await bcrypt.hash('abc', 5), request)).toEqual({ valid: true, outdated: false })
})

test('a hash of another cost is outdated, a costlier one too', async () => {
  const stored = await byBcrypt.hash('abc', request)
  expect(await hasher('bcrypt', 6).verify('abc', stored, request)).toEqual({ valid: true, outdated: true })
  expect(await hasher('bcrypt', 4).verify('abc', stored, request)).toEqual({ valid: true, outdated: true })
})

test('a hash of the other algorithm is outdated', async () => {
  const [bcryptHash, argon2Hash] = await Promise.all([byBcrypt.hash('abc', request), byArgon2.hash('abc', request)])
  expect(await byArgon2.verify('abc', bcryptHash, request)).toEqual({ valid: true, outdated: true })
  expect(await byBcrypt.verify('abc', argon2Hash, request)).toEqual({ valid: true, outdated: true })
})

test('50 verifications at once each have their own answer', async () => {
  const stored = await byBcrypt.hash('right', request)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => byBcrypt.verify(n % 2 === 0 ? 'right' : 'wrong', stored, request)),
  )
  expect(answers.map(({ valid }) => valid)).toEqual(Array.from({ length: 50 }, (_, n) => n % 2 === 0))
})

test('a client that has disconnected gets no hash', async () => {
  const gone = { client: '192.0.2.1', signal: AbortSignal.abort() }
  await expect(byBcrypt.hash('abc', gone)).rejects.toBeInstanceOf(AbandonedError)
  await expect(byBcrypt.verify('abc', null, gone)).rejects.toBeInstanceOf(AbandonedError)
})

describe('equal work', () => {
  const COSTLY = { type: argon2.argon2id, memoryCost: 32_768, timeCost: 3, parallelism: 1 } as const
  const PBKDF2_KIND = '$pbkdf2-sha256$i=120000$'
  const ARGON2_KIND = '$argon2id$v=19$m=32768,t=3,p=1$'

  /** Milliseconds of processor time, of which a busy machine gives no less; the least of five. */
  async function cost(passwords: PasswordHasher, password: string, stored: string | null): Promise<number> {
    const samples: number[] = []
    for (let n = 0; n < 5; n += 1) {
      const before = process.cpuUsage()
      await passwords.verify(password, stored, request)
      const { user, system } = process.cpuUsage(before)
      samples.push((user + system) / 1000)
    }
    return Math.min(...samples)
  }

  test('an unknown user, a hash that is none and one of a lower cost take as long as a wrong password', async () => {
    const passwords = hasher('bcrypt', 9)
    const wrong = await cost(passwords, 'wrong', await passwords.hash('right', request))
    const cheaper = await hasher('bcrypt', 7).hash('right', request)
    for (const stored of [null, '', 'malformed', cheaper]) {
      const other = await cost(passwords, 'wrong', stored)
      expect(other / wrong).toBeGreaterThan(0.7)
      expect(other / wrong).toBeLessThan(1.4)
    }
    expect((await cost(passwords, 'right', cheaper)) / wrong).toBeGreaterThan(0.7)
  })

  test.each([
    ['bcrypt of a higher cost', 'bcrypt', ['$2y$10$'], () => hasher('bcrypt', 10).hash('right', request)],
    ['bcrypt of SHA-256', 'bcrypt', ['$2b$10$'], async () => `${await bcrypt.hash('right', 10)}$sha256`],
    ['argon2id beside bcrypt', 'bcrypt', [ARGON2_KIND], () => argon2.hash('right', COSTLY)],
    ['two kinds of argon2id', 'argon2id', [ARGON2_KIND], () => argon2.hash('right', COSTLY)],
    ['scrypt', 'bcrypt', ['$scrypt$ln=14,r=8,p=1$'], () => Promise.resolve(scryptHash('right', 14))],
    ['Firebase’s scrypt', 'bcrypt', ['$fbscrypt$v=1,n=14,r=8,p=1'], () => Promise.resolve(FIREBASE)],
    ['PBKDF2 of more iterations', 'bcrypt', [PBKDF2_KIND], () => Promise.resolve(pbkdf2Hash('right', 10_000))],
    ['bcrypt beside argon2id', 'argon2id', ['$2a$10$'], () => hasher('bcrypt', 10).hash('right', request)],
  ] as const)('%s: whoever has it, everyone’s login costs as much', async (_what, algorithm, kinds, hash) => {
    const passwords = hasher(algorithm, 8, [...kinds])
    const stored = await hash()
    const known = await cost(passwords, 'wrong', stored)
    for (const other of [null, '!', await passwords.hash('right', request)]) {
      const ratio = (await cost(passwords, 'wrong', other)) / known
      expect(ratio).toBeGreaterThan(0.7)
      expect(ratio).toBeLessThan(1.4)
    }
    expect((await cost(passwords, 'right', stored)) / known).toBeGreaterThan(0.7)
  })

  test('a password of many forms costs the same for every account', async () => {
    const passwords = hasher('bcrypt', 9)
    const typed = `${'caf\u0065\u0301 '.repeat(20)}!`
    const unknown = await cost(passwords, typed, null)
    const hashes = [
      await passwords.hash('right', request),
      await bcrypt.hash('right', 9),
      `${await bcrypt.hash('right', 9)}$sha256`,
      await passwords.hash(typed, request),
    ]
    for (const stored of hashes) {
      const ratio = (await cost(passwords, typed, stored)) / unknown
      expect(ratio).toBeGreaterThan(0.7)
      expect(ratio).toBeLessThan(1.4)
    }
  })

  test('with argon2id an unknown user costs a hash too', async () => {
    const wrong = await cost(byArgon2, 'wrong', await byArgon2.hash('right', request))
    for (const stored of [null, 'malformed']) {
      const other = await cost(byArgon2, 'wrong', stored)
      expect(other / wrong).toBeGreaterThan(0.4)
      expect(other / wrong).toBeLessThan(2.5)
    }
  })
})
