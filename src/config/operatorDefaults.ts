/** The fixed numbers of the operator API and of service keys; all others are in defaults.ts. */
const MINUTE = 60_000

export const OPERATOR = {
  /** Milliseconds until second factors that an operator removes are gone: the owner reads the mail and objects (ASVS 6.4.4). */
  removalDelay: 24 * 60 * MINUTE,
  /** Milliseconds that a login with two factors suffices for changes to accounts: time for a call with a customer. */
  maxAge: 15 * MINUTE,
  /** Calls of one operator or service key in a minute: ten a second list a million accounts in two hours. */
  callsPerMinute: 600,
  /** Requests with an unknown service key in a minute from one network: each costs a query, and none is a guess of 256 bits. */
  unknownKeysPerMinute: 60,
  /** Rows of one page: nobody reads more at once, and a program asks for the next page. */
  maxPage: 200,
  /** Rows of `roles`: more names than that are a mistake of some import. */
  maxListedRoles: 1_000,
  /** Test events to one endpoint in a minute: whoever debugs a receiver needs a few, and an endpoint is somebody's server. */
  testEventsPerMinute: 10,
  /** Code points of the reason for which an account is disabled. */
  maxReason: 500,
} as const

export const SERVICE_KEY = {
  /** Days that a key may be valid; by default one year. */
  maxDays: 3_650,
  defaultDays: 365,
  /** Days before its expiry from which the log warns of a key, once a day. */
  warnDays: 30,
  /** Addresses and ranges that one key may be used from. */
  maxAddresses: 50,
  /** Keys that can be used at the same time: each service needs one. */
  maxKeys: 200,
  /** Milliseconds between two writes of last_used_at. */
  lastUsedResolution: MINUTE,
} as const

export const OAUTH = {
  /** Calls of one service key in a minute: a service that asks at every request has ten a second. */
  introspectionsPerMinute: 600,
  /** Calls from one network in a minute. */
  revocationsPerMinute: 60,
} as const
