/** The fixed numbers of webhooks; all others are in defaults.ts. */
const SECOND = 1_000
const DAY = 86_400_000

export const WEBHOOK = {
  /** Milliseconds for a receiver's answer, as Standard Webhooks recommends (15 to 30 s). */
  answerTimeout: 15 * SECOND,
  /** Bytes of an answer that are read: only its status matters. */
  maxAnswer: 65_536,
  /** Requests at once of one instance, and of all instances to one endpoint: a slow one occupies two places. */
  concurrency: 32,
  perEndpoint: 2,
  /** Milliseconds of Retry-After that are honoured: the longest delay of the schedule. */
  maxRetryAfter: DAY,
  /** Milliseconds before a delivery is repeated after an error of our own. */
  firstRetry: 5 * SECOND,
  /** Milliseconds without a success after which an endpoint is disabled: longer than the attempts of one event (75 h 35 min). */
  maxFailing: 5 * DAY,
  /** Milliseconds that the secret before a rotation still signs: time to deploy the new one. */
  secretOverlap: DAY,
  /** Endpoints: each event is written once for each of them, in the transaction of its change. */
  maxEndpoints: 50,
  /** Code points of an endpoint's description: a label in a list. */
  maxDescription: 200,
  /** Deliveries that one statement replays (some 100 ms), and one call: it ends before a proxy gives the request up. */
  replayedAtOnce: 5_000,
  maxReplayed: 100_000,
  /** Operators who get a mail when an endpoint is disabled: enough for every team, and a bound for one transaction. */
  maxWarned: 50,
} as const
