/** Every number that is not the operator's to choose, with its unit and its reason. Those that are stand in env.ts. */
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const TIMER = {
  /** Milliseconds that a setting may make a timer wait. Node's timers end at 2^31-1 ms (24 days): sums of several stay below. */
  longest: 7 * DAY,
} as const

export const LIFETIME = {
  /** Milliseconds that a token, link, session or signing key may last: ten years. Sums of several stay in years of four digits, which every parser of timestamps reads. */
  longest: 3_650 * DAY,
} as const

export const PASSWORD = {
  /** Code points. NIST SP 800-63B asks for 64 at least; beyond 128 nobody types, and work grows with it. */
  maxLength: 128,
  /** Code points that the strength estimate reads: its cost grows faster than linearly (1 s at 128 characters). */
  estimatedLength: 64,
  /** From this length in code points on a password passes, unless half of it repeats the rest: NIST and ASVS want long phrases accepted. */
  lengthAlone: 64,
  /**
   * Milliseconds after which the estimator's thread counts as hung and is replaced: 20 ms and 300 ms are usual, and a
   * machine that is busy with hashes may take a hundred times as long. A request is given up earlier, by `answerTime`.
   */
  estimateTimeout: 30 * SECOND,
  estimatorStartTimeout: MINUTE,
  /** Milliseconds between two looks at which kinds of hashes accounts have: they change by an import or a new setting. */
  hashKindsMaxAge: 30 * SECOND,
  /** Kinds of argon2id hashes that an import may bring about: every login computes one of each. */
  maxArgon2Kinds: 4,
  /** KiB times passes of an imported argon2id hash: some 0.3 s, as bcrypt of cost 12. PHP and Django write as much. */
  maxArgon2Work: 262_144,
} as const

export const IMPORT = {
  /** Bytes of a line: a user has 2 kB at most, and a file without line ends must not fill the memory. */
  maxLine: 65_536,
} as const

export const PROFILE = {
  /** Code points of a display name: room for any real name, none for an advertisement. */
  displayNameMaxLength: 100,
  /** Characters of a user agent that are kept; the rest of a longer one tells nothing. */
  userAgentMaxLength: 512,
} as const

export const SESSION = {
  /** Live sessions of one user; the least recently used gives way. More devices than that nobody owns. */
  maxPerUser: 100,
  /** Milliseconds between two deletions of sealed refresh successors whose grace is over, of sessions that are not used on. */
  successorPurge: MINUTE,
  /** Rotations within REFRESH_GRACE that are followed to the present token; no client of ours gets further. */
  refreshGraceSteps: 5,
  /** Milliseconds between two writes of last_seen_at, so that reading costs no write each time. */
  lastSeenResolution: MINUTE,
  /** Sessions held in memory, at about 1 kB each. */
  cacheSize: 10_000,
  /** Milliseconds that a cached session is believed without a word from the database. */
  cacheMaxAge: 30 * SECOND,
  /** Milliseconds between two questions to the listening connection, and how long it may take to answer. */
  listenerHeartbeat: 5 * SECOND,
  listenerTimeout: 2 * SECOND,
} as const

export const ACCESS_TOKEN = {
  /** Seconds that clocks may disagree by. */
  leeway: 60,
  /** Verified signatures held in memory, each until its token's expiry at most. */
  cacheSize: 10_000,
  /** Characters: ours have some 500. A longer one is not ours, and is not read. */
  maxLength: 2_000,
} as const

export const SIGNING_KEYS = {
  /** Milliseconds that an old key verifies beyond the life of its last token, for clocks and rollouts in between. */
  retirementMargin: 5 * MINUTE,
  /** Seconds that a JWKS may be cached. The next key stands there a whole rotation before it signs. */
  jwksMaxAge: 300,
} as const

export const RATE_LIMIT = {
  /** Milliseconds of a window that the environment may set: retryAfter is an Int of seconds, and no counter is kept for longer than a year. */
  longestWindow: 365 * DAY,
  /** Keys that each instance remembers, at about 150 bytes each. Beyond, the least recently used cost a trip again. */
  localCounters: 100_000,
  /** In development every budget of the schema is this many times as large: who builds a form sends it often. */
  developmentFactor: 10,
  /** Look-ups of a refresh token for each call that the budget of unknown ones admits, once that is spent: many behind one address may hold good ones. */
  lookupFactor: 10,
} as const

export const LOGIN_GUESSES = {
  /** Failed logins in a row of one account, then only devices that it has used may try: NIST SP 800-63B §3.2.2 allows no more. */
  max: 100,
  /** Milliseconds after the last of them until anybody may try again: a hundred guesses a day find no password that the policy takes. */
  life: DAY,
  /** Addresses of earlier logins that are looked at, newest first: more than anybody has within weeks. */
  knownAddresses: 500,
} as const

export const LOG = {
  /** Lines of one event in a window; then one line with the number of the others. Enough to see who and what, 30,000 a day at most. */
  sampledLines: 20,
  /** Milliseconds. */
  sampleWindow: MINUTE,
} as const

export const MAIL = {
  /** Mails of one kind to one address in one window: enough for one who mistypes, too few to fill a mailbox. */
  perAddressHour: 5,
  /** Milliseconds. */
  quotaWindow: HOUR,
  /** Milliseconds: a notice later than this is no news. */
  noticeLife: DAY,
  /** Milliseconds before the second try, doubled for each further one up to the cap, then spread by a quarter. */
  firstRetry: 2 * SECOND,
  maxRetry: 15 * MINUTE,
  /** Milliseconds between two probes of an SMTP server that is down, while mails wait: service is normal 10 s after it returns. */
  probeInterval: 5 * SECOND,
  /** Mails sent at once by one instance. */
  concurrency: 4,
  /** Milliseconds to reach the SMTP server; a probe that found no answer by the next one's time would delay the recovery. */
  connectionTimeout: 10 * SECOND,
  probeConnectionTimeout: 4 * SECOND,
  /** Milliseconds for the server's greeting: RFC 5321 §4.5.3.2 expects minutes, and servers delay it to deter spam. */
  greetingTimeout: MINUTE,
  /** Milliseconds of silence in a session: what the RFC grants at DATA; a server scans the message before it answers. */
  socketTimeout: 2 * MINUTE,
} as const

export const OUTBOX = {
  /** Milliseconds between two looks for due rows; a new row is announced by NOTIFY, so this is for retries and lost announcements. */
  pollInterval: 2 * SECOND,
  /** Milliseconds after which the row of a killed instance is free; renewed at a third of it while the delivery runs. */
  lease: 10 * SECOND,
} as const

export const RETENTION = {
  /** Milliseconds that an account waits for its verification. */
  unverifiedUsers: 7 * DAY,
  /** Milliseconds that ended sessions and dead tokens are kept for the operator's questions. */
  endedSessions: 7 * DAY,
  deadTokens: 7 * DAY,
  auditEvents: 365 * DAY,
} as const

export const HTTP = {
  /** Bytes of a body after decompression. The longest honest one has some 3 kB. */
  maxBody: 100_000,
  /** Bytes of all headers together. */
  maxHeaders: 16_384,
  /** Milliseconds for the headers, for a whole request, and for a silent kept-alive socket. */
  headersTimeout: 10 * SECOND,
  requestTimeout: 20 * SECOND,
  keepAliveTimeout: 65 * SECOND,
  /** Milliseconds between two checks of these: Node's 30 s would hold a silent connection four times as long. */
  checkInterval: 5 * SECOND,
  /** Milliseconds for a TLS handshake: two round trips take less than a second; Node would wait two minutes. */
  handshakeTimeout: 10 * SECOND,
  /** Milliseconds that a refused connection may take to read its answer, before it is destroyed. */
  closeTimeout: 2 * SECOND,
  /** Milliseconds that an answer may take beside HASH_MAX_WAIT: with its 5 s and a second on the way, 10 s in all. */
  answerTime: 4 * SECOND,
} as const

/** The shape of one JSON input: the variables of an operation, or the body of a REST route. */
export const INPUT = {
  /** Objects, lists and scalars together: the largest honest request has about 15. */
  maxValues: 100,
  /** Levels of objects and lists: an operation's input has 3. */
  maxDepth: 8,
  /** Characters of a key: the longest name in the schema has 20. */
  maxKeyLength: 100,
  /** Characters of all texts together: the longest honest ones, an access token and a password, have less than 2,000. */
  maxText: 20_000,
  /** Lines of a GraphQL document: one for each of its 1,000 tokens, and as many comments. */
  maxLines: 2_000,
} as const

export const GRAPHQL = {
  maxTokens: 1_000,
  /** Levels of fields: the deepest honest operation has 5. */
  maxDepth: 10,
  maxAliases: 30,
  maxDirectives: 20,
  maxRootFields: 10,
  maxMutationFields: 1,
  /** Fields, with fragments expanded; a list counts its fields tenfold. */
  maxCost: 2_000,
  /** Mistakes of one document that are told: a person mends the first few, and each costs time. */
  maxErrors: 10,
} as const

export const DATABASE = {
  /** Milliseconds to get a connection, and for one statement: together within the 10 s that a request may take. */
  connectTimeout: 4 * SECOND,
  statementTimeout: 5 * SECOND,
  /** Milliseconds after which a statement without an answer means a dead connection: the server would have cancelled it before. */
  answerTimeout: 5.5 * SECOND,
  /** Milliseconds that an unused connection is kept: opening one costs ten times a query, and a storm comes without notice. */
  idleTimeout: 10 * MINUTE,
  /** Milliseconds of silence after which a connection shows signs of life: no firewall on the way forgets it meanwhile. */
  keepAliveDelay: 30 * SECOND,
} as const

/** bcrypt reads this many bytes and ignores the rest. */
export const BCRYPT_MAX_BYTES = 72
