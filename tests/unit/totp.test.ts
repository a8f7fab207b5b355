import { URI } from 'otpauth'
import { newRecoveryCode, readRecoveryCode, recoveryCodeDigest } from '../../src/crypto/recoveryCode'
import { deriveSecrets } from '../../src/crypto/secrets'
import { newTotpSecret, otpauthUri, readTotpCode, stepsOfCode, toBase32, totpCode } from '../../src/crypto/totp'
import { sealTotpSecret, unsealTotpSecret } from '../../src/crypto/totpSeal'

/** RFC 6238, appendix B: of its eight digits the last six. */
test.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
])('RFC 6238: at %d seconds the code is %s', (seconds, code) => {
  expect(totpCode(Buffer.from('12345678901234567890'), Math.floor(seconds / 30))).toBe(code)
})

test('another implementation reads our URI and makes the same codes', () => {
  for (let round = 0; round < 100; round += 1) {
    const secret = newTotpSecret()
    const account = `o'ne+${round}&two@example.com`
    const app = URI.parse(otpauthUri({ secret, issuer: 'Ada & Söhne: 100 %', account }))
    expect([app.issuer, app.label, app.secret.base32]).toEqual(['Ada & Söhne 100 %', account, toBase32(secret)])
    const timestamp = 1_700_000_000_000 + round * 977_777
    expect(totpCode(secret, Math.floor(timestamp / 30_000))).toBe(app.generate({ timestamp }))
  }
})

test('the codes of the step before, of this one and of the next count, and no others', () => {
  const secret = newTotpSecret()
  const step = 58_000_000
  const now = new Date(step * 30_000 + 12_345)
  for (const offset of [-1, 0, 1])
    expect(stepsOfCode(secret, totpCode(secret, step + offset), now)).toContain(step + offset)
  for (const offset of [-3, -2, 2, 3]) {
    const steps = stepsOfCode(secret, totpCode(secret, step + offset), now)
    expect(steps).not.toContain(step + offset)
  }
})

test.each(['123 456', '123-456', ' 123456 ', '123 456'])('%j is read as 123456', (text) => {
  expect(readTotpCode(text)).toBe('123456')
})

test.each(['', '12345', '1234567', '１２３４５６', '١٢٣٤٥٦', '12345a', '-12345', '1e1234', 'null'])(
  '%j is no code',
  (text) => {
    expect(readTotpCode(text)).toBeNull()
  },
)

test('a secret opens under the secret it was sealed under, in its own row, and is sealed anew under the present one', () => {
  const [old, present] = ['x'.repeat(40), 'y'.repeat(40)]
  const secret = newTotpSecret()
  const sealed = sealTotpSecret(deriveSecrets(old, null), 'row', secret)
  expect(unsealTotpSecret(deriveSecrets(old, null), 'row', sealed)).toEqual({ secret, resealed: null })
  expect(unsealTotpSecret(deriveSecrets(old, null), 'another', sealed)).toBeNull()
  expect(unsealTotpSecret(deriveSecrets(present, null), 'row', sealed)).toBeNull()
  const { resealed } = unsealTotpSecret(deriveSecrets(present, old), 'row', sealed) ?? {}
  expect(resealed && unsealTotpSecret(deriveSecrets(present, null), 'row', resealed)?.secret).toEqual(secret)
})

test('a recovery code has 24 characters of 31, and is read in any spelling', () => {
  const codes = Array.from({ length: 1_000 }, newRecoveryCode)
  expect(new Set(codes).size).toBe(1_000)
  for (const code of codes) expect(code).toMatch(/^(?:[a-hjkmnp-z2-9]{4}-){5}[a-hjkmnp-z2-9]{4}$/)
  expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(31)
  const [code = ''] = codes
  const bare = code.replaceAll('-', '').toUpperCase()
  for (const spelling of [code, code.toUpperCase(), bare, ` ${bare.toLowerCase()} `, bare.replace(/(.{3})/g, '$1 ')]) {
    expect(readRecoveryCode(spelling)).toBe(bare)
  }
  for (const wrong of ['', bare.slice(1), `${bare}A`, bare.replace(/^./, '0'), bare.replace(/^./, 'É')]) {
    expect(readRecoveryCode(wrong)).toBeNull()
  }
  expect(recoveryCodeDigest('one', bare)).not.toEqual(recoveryCodeDigest('two', bare))
})
