import { readStoredHash } from '../../src/passwords/readStoredHash'

const SALT = 'c2FsdHNhbHRzYWx0'
const DIGEST = 'ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0'
const KEY = Buffer.alloc(24, 1).toString('base64')

test.each([
  ['argon2', `$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${DIGEST}`],
  ['argon2', `$argon2i$m=65536,t=3,p=4$${SALT}$${DIGEST}`],
  ['scrypt', `$scrypt$ln=14,r=8,p=1$${SALT}$${DIGEST}`],
  ['pbkdf2', `$pbkdf2-sha256$i=29000,l=24$${SALT}$${DIGEST}`],
  ['pbkdf2', `$pbkdf2-sha512$29000$${SALT}$${DIGEST}`],
  ['scrypt', `$fbscrypt$v=1,n=14,r=8,ss=Bw==,sk=${KEY}$${SALT}$${DIGEST}`],
])('a hash of %s is read: %s', (algorithm, text) => {
  expect(readStoredHash(` ${text}\n`).hash).toMatchObject({ algorithm })
})

test.each([
  [`$argon2id$v=19$m=65536,t=3,p=4$${SALT}`, /without salt or digest/],
  [`$argon2id$v=19$m=65536,t=3,p=4$${SALT}$${DIGEST}$x`, /parts too many/],
  [`$argon2id$v=18$m=65536,t=3,p=4$${SALT}$${DIGEST}`, /unknown version/],
  [`$argon2id$v=19$m=64k,t=3,p=4$${SALT}$${DIGEST}`, /without whole numbers for m, t and p/],
  [`$argon2id$v=19$m=65536,t=3,p=4,keyid=a$${SALT}$${DIGEST}`, /a key or associated data/],
  [`$argon2id$v=19$m=65536,t=3,p=17$${SALT}$${DIGEST}`, /p outside 1 to 16/],
  [`$argon2id$v=19$m=65536,t=0,p=4$${SALT}$${DIGEST}`, /t outside 1 to 16/],
  [`$argon2id$v=19$m=31,t=3,p=4$${SALT}$${DIGEST}`, /m below 8 for each lane/],
  [`$argon2id$v=19$m=262145,t=3,p=4$${SALT}$${DIGEST}`, /m above 262144/],
  [`$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$${DIGEST}`, /salt is no base64 of 8 to 64 bytes/],
  [`$argon2id$v=19$m=65536,t=3,p=4$${SALT}$ZGln`, /digest is no base64 of 16 to 64 bytes/],
  [`$scrypt$ln=14,r=8,p=1$${SALT}`, /without salt or digest/],
  [`$scrypt$ln=14,r=8$${SALT}$${DIGEST}`, /without whole numbers for its costs/],
  [`$scrypt$ln=0,r=8,p=1$${SALT}$${DIGEST}`, /a cost of 0/],
  [`$scrypt$ln=16,r=1,p=1$${SALT}$${DIGEST}`, /N of 2\^16 or more/],
  [`$scrypt$ln=20,r=8,p=1$${SALT}$${DIGEST}`, /above 1048576/],
  [`$scrypt$ln=14,r=8,p=1$*$${DIGEST}`, /salt is no base64/],
  [`$scrypt$ln=14,r=8,p=1$${SALT}$ZGln`, /digest is no base64/],
  [`$pbkdf2-sha1$i=29000$${SALT}$${DIGEST}`, /another HMAC/],
  [`$pbkdf2-sha256$i=29000$${SALT}`, /without salt or digest/],
  [`$pbkdf2-sha256$i=many$${SALT}$${DIGEST}`, /without a whole number of iterations/],
  [`$pbkdf2-sha256$i=1500001$${SALT}$${DIGEST}`, /iterations outside 1 to 1500000/],
  [`$pbkdf2-sha256$i=29000$*$${DIGEST}`, /salt is no base64/],
  [`$pbkdf2-sha256$i=29000$${SALT}$ZGln`, /digest is no base64/],
  [`$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${KEY}$${SALT}`, /without salt or digest/],
  [`$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk=${KEY}$${SALT}$${DIGEST}`, /unknown version/],
  [`$fbscrypt$v=1,n=0,r=8,p=1,ss=Bw==,sk=${KEY}$${SALT}$${DIGEST}`, /a cost of 0/],
  [`$fbscrypt$v=1,n=14,r=8,p=1,ss=*,sk=${KEY}$${SALT}$${DIGEST}`, /salt separator is no base64/],
  [`$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=AQ==$${SALT}$${DIGEST}`, /signer key is no base64/],
  [`$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${KEY}$*$${DIGEST}`, /salt is no base64/],
  [`$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${KEY}$${SALT}$ZGlnZXN0ZGlnZXN0ZGlnZXN0`, /as many bytes as the signer key/],
])('%s is refused with the reason', (text, reason) => {
  expect(readStoredHash(text).problem).toMatch(reason)
})
