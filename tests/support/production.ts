/** A production server behind a proxy on loopback, which says of each request how it came. */
export const PRODUCTION = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PUBLIC_URL: 'https://auth.example.com',
  CORS_ORIGINS: 'https://app.example.com',
  TRUST_PROXY: '127.0.0.1',
  BCRYPT_COST: '12',
  RATE_LIMITS: 'on',
}

/** What that proxy adds to a request that came by TLS. */
export const BY_TLS = { 'x-forwarded-proto': 'https' }
