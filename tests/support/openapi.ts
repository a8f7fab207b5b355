import Ajv2020 from 'ajv/dist/2020'
import addFormats from 'ajv-formats'
import { type Answer, ROUTES } from './client'

export interface OpenApi {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { responses: Record<string, Response> }
}
export interface Operation {
  operationId: string
  security: Record<string, unknown>[]
  requestBody?: { required: boolean; content: { 'application/json': { schema: Record<string, unknown> } } }
  parameters?: { name: string; in: string }[]
  responses: Record<string, Response>
}
interface Response {
  $ref?: string
  description: string
  headers?: Record<string, { $ref: string }>
  content?: { 'application/json': { schema: object } }
}

/** The description of an API, against which requests and answers are held. */
export class DescribedApi {
  private readonly ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }))

  constructor(readonly document: OpenApi) {
    // Clients ignore fields that they do not know; here each that comes must be described.
    this.ajv.addSchema(closed(document) as object, 'openapi.json')
  }

  static async of(url: string): Promise<DescribedApi> {
    return new DescribedApi((await (await fetch(`${url}/api/openapi.json`)).json()) as OpenApi)
  }

  /** Throws for an answer that the description does not foresee, and for a success that it would have refused the input of. */
  check(name: string, input: unknown, { status, text, headers }: Answer): void {
    const [pointer, operation] = this.operation(name)
    const given = operation.responses[status]
    if (!given) throw new Error(`${name} answers ${status}, which is not described: ${text}`)
    const at = given.$ref?.slice(1) ?? `${pointer}/responses/${status}`
    const response = given.$ref ? this.document.components.responses[given.$ref.replace(/^.*\//, '')] : given
    this.demand(`${at}/content/application~1json/schema`, JSON.parse(text))
    for (const header of Object.keys(response?.headers ?? {})) {
      if (header !== 'Set-Cookie' && !headers.has(header)) throw new Error(`${name} ${status} has no ${header}`)
    }
    const body = status < 300 && operation.requestBody
    if (body) this.demand(`${pointer}/requestBody/content/application~1json/schema`, input ?? {})
  }

  private operation(name: string): [pointer: string, operation: Operation] {
    const [method = '', path = ''] = (ROUTES[name] ?? '').split(' ')
    const url = `/api/auth/${path}${name === 'verifyEmail' ? '{token}' : ''}`
    const operation = this.document.paths[url]?.[method.toLowerCase()]
    if (!operation) throw new Error(`${name} is not described`)
    return [
      `/paths/${url.replaceAll('/', '~1').replace('{', '%7B').replace('}', '%7D')}/${method.toLowerCase()}`,
      operation,
    ]
  }

  private demand(pointer: string, value: unknown): void {
    const validate = this.ajv.compile({ $ref: `openapi.json#${pointer}` })
    if (!validate(value))
      throw new Error(`${pointer}: ${this.ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`)
  }
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)] as const)
  return { ...('properties' in value && { additionalProperties: false }), ...Object.fromEntries(entries) }
}
