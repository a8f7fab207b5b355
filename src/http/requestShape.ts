import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sendError } from './errorHandlers'
import { isGraphQLPath, pathOf } from './path'
import { INPUT } from '../config/defaults'

/**
 * Rejects input whose errors are expensive: GraphQL prints a wrong value into each of up to 50 errors, and counts the lines
 * of the document for each. Covers bodies of GraphQL and REST and the URL of GET.
 */
export function limitShape(app: FastifyInstance): void {
  app.addHook('preValidation', (request, reply, done) => {
    const { values, documents } = inputOf(request)
    if (values.every(isWithinShape) && documents.every(isWithinLines)) done()
    else sendError(request, reply, { status: 400, code: 'BAD_USER_INPUT' })
  })
}

interface Input {
  /** JSON values, each with limits of its own. */
  values: unknown[]
  /** GraphQL documents, whose size and tokens are bounded elsewhere. */
  documents: unknown[]
}

function inputOf(request: FastifyRequest): Input {
  if (!isGraphQLPath(pathOf(request))) return { values: [request.body], documents: [] }
  const { query: inBody, ...body } = Object(request.body) as Record<string, unknown>
  const { query: inUrl, variables, extensions, ...url } = Object(request.query) as Record<string, unknown>
  return { values: [body, url, parsed(variables), parsed(extensions)], documents: [inBody, inUrl] }
}

/** A parameter as Apollo parses it; Apollo rejects text that is not JSON. */
function parsed(parameter: unknown): unknown {
  if (typeof parameter !== 'string') return parameter
  try {
    return JSON.parse(parameter)
  } catch {
    return null
  }
}

/** Stops at the first limit that is exceeded, so that refusing costs no more than the limit. */
export function isWithinShape(value: unknown): boolean {
  let values = 0
  let text = 0

  function admits(item: unknown, depth: number): boolean {
    values += 1
    if (typeof item === 'string') text += item.length
    if (values > INPUT.maxValues || text > INPUT.maxText || depth > INPUT.maxDepth) return false
    if (typeof item !== 'object' || item === null) return true
    if (Array.isArray(item)) return item.every((inner) => admits(inner, depth + 1))
    const entries = Object.entries(item)
    return entries.every(([key, inner]) => key.length <= INPUT.maxKeyLength && admits(inner, depth + 1))
  }

  return admits(value, 0)
}

function isWithinLines(document: unknown): boolean {
  return typeof document !== 'string' || document.split(/[\n\r]/, INPUT.maxLines + 1).length <= INPUT.maxLines
}
