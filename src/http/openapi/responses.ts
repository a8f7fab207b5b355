import { type JsonSchema } from './schemas'

/** One failure that a route may answer. */
export interface FailureOfRoute {
  status: number
  code: string
  /** What `error` is then. */
  schema: JsonSchema
}

const REQUEST_ID = { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } }
const RETRY_AFTER = { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } }
const STATUSES_TO_TRY_AGAIN: ReadonlySet<number> = new Set([429, 503])

/** The answers of failures, each set of codes once in the document. */
export class ResponseRegistry {
  readonly responses: Record<string, JsonSchema> = {}

  /** The responses of a route by status: whatever codes share one are told apart by `code`. */
  failures(failures: readonly FailureOfRoute[]): Record<number, JsonSchema> {
    const statuses = [...new Set(failures.map(({ status }) => status))]
    return Object.fromEntries(
      statuses.map((status) => [
        status,
        this.add(
          status,
          failures.filter((failure) => failure.status === status),
        ),
      ]),
    )
  }

  private add(status: number, failures: readonly FailureOfRoute[]): JsonSchema {
    const schemas = failures.map(({ schema }) => schema)
    const names = schemas.map(({ $ref }) =>
      String($ref)
        .replace(/^.*\//, '')
        .replace(/Error$/, ''),
    )
    const name = `${status}_${names.join('_')}`
    const error = schemas.length === 1 ? schemas[0] : { oneOf: schemas }
    this.responses[name] = {
      description: failures.map(({ code }) => `\`${code}\``).join(' or '),
      headers: { ...REQUEST_ID, ...(STATUSES_TO_TRY_AGAIN.has(status) && RETRY_AFTER) },
      content: json({ type: 'object', properties: { error }, required: ['error'] }),
    }
    return { $ref: `#/components/responses/${name}` }
  }
}

/** The response of a success. */
export function successResponse(schema: JsonSchema, { setsCookie }: { setsCookie: boolean }): JsonSchema {
  return {
    description: 'Success',
    headers: { ...REQUEST_ID, ...(setsCookie && { 'Set-Cookie': { $ref: '#/components/headers/SetCookie' } }) },
    content: json(schema),
  }
}

export const json = (schema: JsonSchema) => ({ 'application/json': { schema } })
