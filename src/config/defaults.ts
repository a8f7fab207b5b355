/** Every fixed number, with its unit and its reason. Numbers that the operator sets are in env.ts. */
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const TIMER = {
  /** Milliseconds of the longest timer that can be configured. Node's limit is 2^31-1 ms (24 days): sums of several stay below it. */
  longest: 7 * DAY,
} as const

export const LIFETIME = {
  /** Milliseconds that a token, link, session or signing key may last: ten years. Sums of several stay in years of four digits, which every parser of timestamps reads. */
  longest: 3_650 * DAY,
} as const

export const PASSWORD = {
  /** Code points. NIST SP 800-63B asks to accept 64 at least; nobody types more than 128, and longer ones cost more work. */
  maxLength: 128,
  /** Code points that the strength estimate reads: its cost grows faster than linearly (1 s at 128 characters). */
  estimatedLength: 64,
  /** Code points from which length alone suffices, unless half of the password repeats the rest: NIST and ASVS want long phrases accepted. */
  lengthAlone: 64,
  /**
   * Milliseconds after which the estimator's thread counts as hung and is replaced: 20 to 300 ms are usual, and a hundred
   * times as long on a machine that is busy with hashes. The request times out earlier, by `answerTime`.
   */
  estimateTimeout: 30 * SECOND,
  estimatorStartTimeout: MINUTE,
  /** Milliseconds between two queries for the kinds of hashes that accounts have: an import or a new setting changes them. */
  hashKindsMaxAge: 30 * SECOND,
  /** Kinds of argon2 hashes, and of scrypt hashes, that imports may create: every login computes one of each. */
  maxKindsOfAlgorithm: 4,
  /** KiB times passes of an imported argon2 hash: about 0.3 s, as bcrypt of cost 12. The defaults of PHP and Django fit. */
  maxArgon2Work: 262_144,
} as const

export const IMPORT = {
  /** Bytes of a line: a user has 2 kB at most, and a file without line ends must not fill the memory. */
  maxLine: 65_536,
  /** Lines of one transaction: more are hardly faster, and hold up registrations of their addresses. */
  batch: 1_000,
  /** Milliseconds between two lines that tell how far an import or an export is. */
  progressInterval: 10 * SECOND,
  /** Kinds of problems that a summary counts: those of a wrong file are as many as its lines. */
  maxProblemKinds: 30,
  /** Lines whose address is already there that are named on standard error: a second run of a file has nothing but them. */
  maxNamedSkips: 100,
} as const

export const PROFILE = {
  /** Code points of a display name: enough for a real name, too few for an advertisement. */
  displayNameMaxLength: 100,
  /** Bytes of a profile as JSON: preferences and an address, not documents or pictures. */
  maxProfile: 4_096,
  /** Characters of a user agent that are stored: they identify the device. */
  userAgentMaxLength: 512,
} as const

export const SESSION = {
  /** Live sessions of one user: more devices than anybody owns. Beyond it the least recently used one is revoked. */
  maxPerUser: 100,
  /** Milliseconds between two deletions of sealed successors whose grace is over, for sessions that are not refreshed again. */
  successorPurge: MINUTE,
  /** Rotations within REFRESH_GRACE through which a replaced token is followed to the current one: parallel requests of a client cause fewer. */
  refreshGraceSteps: 5,
  /** Milliseconds between two writes of last_seen_at, so that not every request writes. */
  lastSeenResolution: MINUTE,
  /** Sessions held in memory, at about 1 kB each. */
  cacheSize: 10_000,
  /** Milliseconds after which a cached session is read again. */
  cacheMaxAge: 30 * SECOND,
  /** Milliseconds between two heartbeats of the listening connection, and until one that has not arrived counts as lost. */
  listenerHeartbeat: 5 * SECOND,
  listenerTimeout: 2 * SECOND,
  /** Sessions that one statement ends when all end: half a second of the 5 s that it may take. */
  endedAtOnce: 5_000,
} as const

export const ACCESS_TOKEN = {
  /** Seconds that clocks may differ by. */
  leeway: 60,
  /** Verified signatures held in memory, each until its token's expiry at most. */
  cacheSize: 10_000,
  /** Characters: ours have about 500, and 6,500 with the most roles, claims and audiences. Proxies allow headers of 8 kB. A longer token is rejected unread. */
  maxLength: 7_000,
  /** Audiences beside this server: more services than one token should open. */
  maxAudiences: 5,
} as const

export const GRANTS = {
  /** Roles of one user, and characters of one: a token repeats them, under Hasura's template twice. */
  maxRoles: 20,
  maxRoleLength: 40,
  /** Bytes of a user's claims as JSON: 2.7 kB of a token. */
  maxClaims: 2_048,
  /** Names of claims, of both levels together: enough for a plan and its limits. */
  maxClaimNames: 50,
} as const

export const SIGNING_KEYS = {
  /** Milliseconds that an old key verifies after its last token has expired: clocks differ, and rollouts take time. */
  retirementMargin: 5 * MINUTE,
  /** Seconds that a JWKS may be cached. The next key is published a whole rotation before it signs. */
  jwksMaxAge: 300,
} as const

export const RATE_LIMIT = {
  /** Milliseconds of a window that the environment may set: retryAfter is an Int of seconds, and no counter is kept for longer than a year. */
  longestWindow: 365 * DAY,
  /** Spent counters that each instance remembers, at about 150 bytes each. Beyond it the least recently used are asked of the store again. */
  localCounters: 100_000,
  /** In development every budget of the schema is this many times as large: a developer submits the same form often. */
  developmentFactor: 10,
  /** Once the budget of unknown refresh tokens is spent, look-ups that are still made for each call that it allows: other clients behind the address may have valid tokens. */
  lookupFactor: 10,
} as const

export const LOGIN_GUESSES = {
  /** Consecutive failed logins of an account, after which only devices that it has used may try: NIST SP 800-63B §3.2.2 allows no more. */
  max: 100,
  /** Milliseconds after the last failure until any device may try again: a hundred guesses a day find no password that the policy accepts. */
  life: DAY,
  /** Addresses of earlier logins that count as known, newest first: more than anybody uses within weeks. */
  knownAddresses: 500,
} as const

export const KNOWN_DEVICE = {
  /** Milliseconds without a login or session after which a device and network count as new. */
  memory: 90 * DAY,
  /** Milliseconds that the link which rejects the login is valid: people are on holiday. */
  linkLife: 7 * DAY,
  /** Devices and networks of one account, the ones seen last: people have tens, a program behind changing addresses more. */
  maxPerAccount: 500,
  /** Devices of one account and day up to which the purge does not count the others: 90 days of as many are no more than that. */
  maxPerDay: 5,
} as const

export const SECOND_FACTOR = {
  /** Milliseconds that the second step of a login may take: time to find a phone. */
  challengeLife: 5 * MINUTE,
  /** Attempts of one challenge: three codes of a million are right at any moment, so five guess one with 15 in a million. */
  attempts: 5,
  /** Wrong proofs of one user over all challenges, and in a row until a reset by mail (NIST SP 800-63B §3.2.2 allows no more). */
  wrongPerHour: 10,
  wrongPerDay: 30,
  wrongInARow: 100,
  /** Seconds of `retryAfter` once that many have failed: only a password reset ends it. */
  closedRetryAfter: 86_400,
  /** Wrong proofs within an hour after which the owner is warned: somebody knows the password. */
  warnAfter: 5,
  warnWindow: HOUR,
  /** Milliseconds that an enrolment waits for its first code. */
  enrolmentLife: 10 * MINUTE,
  /** Confirmed authenticator apps of one user: more phones than that nobody carries, and each is compared with a code. */
  maxFactors: 5,
  recoveryCodes: 10,
  /** With this many codes left or fewer, the owner is asked to renew them. */
  fewRecoveryCodes: 3,
} as const

export const MAILED_CODE = {
  /** With five mails an hour to an address and five attempts for each, one is guessed in 500 years; of six digits in five. */
  digits: 8,
  /** Guesses of one code. */
  attempts: 5,
  /** Milliseconds of the longest life that may be configured (ASVS 6.5.5). */
  longestLife: 10 * MINUTE,
} as const

export const PASSKEY = {
  /** Milliseconds that a challenge lives: time to find a key or a phone. */
  challengeLife: 5 * MINUTE,
  /** Passkeys of one user: more devices than anybody owns; all of them are listed in each registration. */
  maxPerUser: 20,
  /** Ways to reach an authenticator that are stored: the specification names six. */
  maxTransports: 8,
} as const

export const STEP_UP = {
  /** Milliseconds that a proof is recent enough to change factors, password or address (ASVS 7.5.1): long enough to fill in a form. */
  maxAge: 10 * MINUTE,
} as const

export const LOG = {
  /** Lines of one event in a window; one more line counts the rest. Enough to see the source of a flood, 30,000 a day at most. */
  sampledLines: 20,
  /** Milliseconds. */
  sampleWindow: MINUTE,
} as const

export const TRACE = {
  /** Spans that wait for the collector: beyond this they are dropped and counted. About 2 MB. */
  maxWaiting: 2048,
  /** Milliseconds between two requests to the collector. */
  exportDelay: SECOND,
  /** Milliseconds that a request to the collector may take, with its repetitions. */
  exportTimeout: 5 * SECOND,
  /** Milliseconds of a shutdown that the last spans may take. */
  shutdownTime: SECOND,
  /** Traces under way that are not exported unless they fail; of more the oldest are forgotten. */
  keptTraces: 1000,
  /** Spans of one of them: a login has some 15. */
  keptSpans: 100,
} as const

export const SECURITY_EVENT_PAGE = {
  /** Events of one page unless the client says otherwise: a screen of them. */
  usual: 20,
  /** The most that a client may ask for: 25 kB, which one statement reads at once. */
  max: 100,
} as const

export const EXPORT = {
  /** Events of an account in one export, the newest: 3 MB, which one statement reads. Older ones are in User.securityEvents. */
  maxEvents: 10_000,
} as const

export const AUDIT = {
  /** Milliseconds that events are kept at least: the limit of wrong logins knows by them which devices an account has used. */
  shortestRetention: DAY,
} as const

export const MAIL = {
  /** Mails of one kind to one address in one window: enough after mistakes, too few to fill a mailbox. */
  perAddressHour: 5,
  /** Milliseconds. */
  quotaWindow: HOUR,
  /** Milliseconds after which a notice is too late to be useful, and is not sent. */
  noticeLife: DAY,
  /** Entries of REDIRECT_URLS: a page for each app, not for each user. */
  maxRedirects: 50,
  /** Milliseconds that the link of an invitation is valid: people are on holiday. Afterwards a reset does the same. */
  invitationLife: 7 * DAY,
  /** Milliseconds that the link which undoes a change of address is valid, and that nobody else gets the address: people are on holiday. */
  undoLife: 7 * DAY,
  /** Milliseconds before a change of address from which an undo also removes what was added: whoever moves an account prepares it first. */
  undoReach: DAY,
  /** Milliseconds before the first retry, doubled for each further one up to the maximum, with a jitter of a quarter. */
  firstRetry: 2 * SECOND,
  maxRetry: 15 * MINUTE,
  /** Milliseconds between two probes of an SMTP server that is down, while mails wait: service is normal 10 s after it returns. */
  probeInterval: 5 * SECOND,
  /** Mails sent at once by one instance. */
  concurrency: 4,
  /** Milliseconds to connect to the SMTP server; a probe ends before the next one is due. */
  connectionTimeout: 10 * SECOND,
  probeConnectionTimeout: 4 * SECOND,
  /** Milliseconds for the server's greeting: RFC 5321 §4.5.3.2 expects minutes, and servers delay it to deter spam. */
  greetingTimeout: MINUTE,
  /** Milliseconds of silence in a session: the RFC's timeout at DATA; servers scan the message before they reply. */
  socketTimeout: 2 * MINUTE,
} as const

export const OUTBOX = {
  /** Milliseconds between two polls for due rows. NOTIFY announces new ones: polling finds retries, and covers lost notifications. */
  pollInterval: 2 * SECOND,
  /** Milliseconds until the lease of a killed instance expires; renewed at a third of it while the delivery runs. */
  lease: 10 * SECOND,
} as const

export const RETENTION = {
  /** Milliseconds that a registration without verification is kept. */
  unverifiedUsers: 7 * DAY,
  /** Milliseconds that ended sessions and expired tokens are kept, so that an operator can investigate. */
  endedSessions: 7 * DAY,
  deadTokens: 7 * DAY,
  /** Milliseconds that an expired challenge is kept: no operator needs it for longer. */
  expiredChallenges: HOUR,
  /** Milliseconds that deliveries of webhooks are kept, delivered or not: longer than anyone takes to notice. */
  webhookDeliveries: 30 * DAY,
  /** Rows that one transaction of the purge deletes: some 50 ms with all that depends on them, and the statement timeout is 5 s. */
  purgeBatch: 1_000,
} as const

export const HTTP = {
  /** Bytes of a body. The longest legitimate one has about 3 kB. */
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
  /** Milliseconds that a client whose connection is refused may take to read the response. */
  closeTimeout: 2 * SECOND,
  /** Milliseconds that the end of the process may wait for a moment between two connections, to close the port. */
  closeWait: 1 * SECOND,
  /** Milliseconds that a request may take beyond HASH_MAX_WAIT: with its default of 5 s and a second on the network, 10 s in all. */
  answerTime: 4 * SECOND,
} as const

/** The shape of one JSON input: the variables of an operation, or the body of a REST route. */
export const INPUT = {
  /** Objects, lists and scalars together: the largest legitimate request has about 15. */
  maxValues: 100,
  /** Levels of objects and lists: an operation's input has 3. */
  maxDepth: 8,
  /** Characters of a key: the longest name in the schema has 20. */
  maxKeyLength: 100,
  /** Characters of all texts together: the longest legitimate ones, an access token and a password, have less than 2,000. */
  maxText: 20_000,
  /** Lines of a GraphQL document: one for each of its 1,000 tokens, and as many comments. */
  maxLines: 2_000,
} as const

export const GRAPHQL = {
  maxTokens: 1_000,
  /** Levels of fields: the deepest legitimate operation has 5. */
  maxDepth: 10,
  maxAliases: 30,
  maxDirectives: 20,
  maxRootFields: 10,
  maxMutationFields: 1,
  /** Fields, with fragments expanded; a list counts its fields tenfold. */
  maxCost: 2_000,
  /** Errors that are reported for one document: a developer fixes the first few, and each costs time. */
  maxErrors: 10,
} as const

export const DATABASE = {
  /** Milliseconds to get a connection, and for one statement: together within the 10 s that a request may take. */
  connectTimeout: 4 * SECOND,
  statementTimeout: 5 * SECOND,
  /** Milliseconds after which a statement without an answer means a dead connection: the server would have cancelled it before. */
  answerTimeout: 5.5 * SECOND,
  /** Milliseconds that an idle connection is kept: opening one costs as much as ten queries, and load peaks come suddenly. */
  idleTimeout: 10 * MINUTE,
  /** Milliseconds of silence before TCP keep-alive probes: firewalls drop connections that are idle for longer. */
  keepAliveDelay: 30 * SECOND,
} as const

export type DatabaseTimeouts = Pick<typeof DATABASE, 'connectTimeout' | 'statementTimeout' | 'answerTimeout'>

/** bcrypt reads this many bytes and ignores the rest. */
export const BCRYPT_MAX_BYTES = 72
