import {
  type ASTVisitor,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
} from 'graphql'
import { GRAPHQL } from '../config/defaults'

/** The size of one selection set with its fragments expanded. */
interface Size {
  depth: number
  cost: number
  aliases: number
  directives: number
}
const EMPTY: Size = { depth: 0, cost: 0, aliases: 0, directives: 0 }

/** The assumed number of elements of a list. */
const LIST_FACTOR = 10

/**
 * Rejects a document that costs too much, before any resolver runs. Each fragment is measured once, however often it is
 * spread, so that the time is linear in the document, whose tokens are limited.
 */
export function limitsRule(context: ValidationContext): ASTVisitor {
  return {
    Document(document) {
      refuseSubscriptions(context, document)
      const problem = problemOf(document, listFields(context.getSchema()))
      if (problem === null) return undefined
      context.reportError(new GraphQLError(problem, { extensions: { limit: true } }))
      return undefined
    },
  }
}

/** Validation does not reject subscriptions if the schema has none: execution would then fail with an internal error. */
function refuseSubscriptions(context: ValidationContext, { definitions }: DocumentNode): void {
  for (const node of definitions) {
    if (node.kind !== Kind.OPERATION_DEFINITION || node.operation !== OperationTypeNode.SUBSCRIPTION) continue
    context.reportError(new GraphQLError('There are no subscriptions', { nodes: node }))
  }
}

const listFieldsOf = new WeakMap<GraphQLSchema, ReadonlySet<string>>()

/** The names of fields that return a list in any type: a fragment is measured once, whatever type it is spread in. */
function listFields(schema: GraphQLSchema): ReadonlySet<string> {
  const known = listFieldsOf.get(schema)
  if (known) return known
  const types = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type))
  const fields = types.flatMap((type) => Object.values(type.getFields()))
  const names = new Set(fields.filter(({ type }) => isListType(getNullableType(type))).map(({ name }) => name))
  listFieldsOf.set(schema, names)
  return names
}

function problemOf(document: DocumentNode, lists: ReadonlySet<string>): string | null {
  const measure = createMeasure(document, lists)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const problem = problemOfOperation(definition, measure)
    if (problem !== null) return problem
  }
  return null
}

function problemOfOperation(operation: OperationDefinitionNode, measure: Measure): string | null {
  const roots = measure.rootFields(operation.selectionSet)
  const mutation = operation.operation === OperationTypeNode.MUTATION
  const maxRoots = mutation ? GRAPHQL.maxMutationFields : GRAPHQL.maxRootFields
  if (roots > maxRoots) {
    return mutation ? 'One mutation field per request' : `More than ${GRAPHQL.maxRootFields} fields at the root`
  }
  const size = measure.selections(operation.selectionSet)
  if (size.depth > GRAPHQL.maxDepth) return `Nested deeper than ${GRAPHQL.maxDepth} levels`
  if (size.aliases > GRAPHQL.maxAliases) return `More than ${GRAPHQL.maxAliases} aliases`
  const directives = size.directives + (operation.directives?.length ?? 0)
  if (directives > GRAPHQL.maxDirectives) return `More than ${GRAPHQL.maxDirectives} directives`
  return size.cost > GRAPHQL.maxCost ? `Costs more than ${GRAPHQL.maxCost}` : null
}

/** The measured fragments by name. */
interface Memo<T> {
  known: Map<string, T>
  empty: T
  measure: (set: SelectionSetNode) => T
}

interface Measure {
  selections(set: SelectionSetNode): Size
  rootFields(set: SelectionSetNode): number
}

function createMeasure(document: DocumentNode, lists: ReadonlySet<string>): Measure {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
  }
  const sizes: Memo<Size> = { known: new Map(), empty: EMPTY, measure: selections }
  const roots: Memo<number> = { known: new Map(), empty: 0, measure: rootFields }

  // A fragment counts as empty while it is being measured: one that spreads itself is refused by validation.
  function once<T>({ known, empty, measure }: Memo<T>, name: string): T {
    const before = known.get(name)
    if (before !== undefined) return before
    known.set(name, empty)
    const fragment = fragments.get(name)
    const measured = fragment ? measure(fragment.selectionSet) : empty
    known.set(name, measured)
    return measured
  }

  function selections(set: SelectionSetNode): Size {
    return set.selections.map(sizeOf).reduce(add, EMPTY)
  }

  function sizeOf(selection: SelectionSetNode['selections'][number]): Size {
    const directives = selection.directives?.length ?? 0
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const inner = once(sizes, selection.name.value)
      return { ...inner, directives: inner.directives + directives }
    }
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const inner = selections(selection.selectionSet)
      return { ...inner, directives: inner.directives + directives }
    }
    const name = selection.name.value
    // Clients nest introspection deeply. It is a development tool: if it is off, validation rejects it.
    if (name === '__schema' || name === '__type') return { ...EMPTY, depth: 1, cost: 1 }
    const inner = selection.selectionSet ? selections(selection.selectionSet) : EMPTY
    const factor = lists.has(name) ? LIST_FACTOR : 1
    return {
      depth: inner.depth + 1,
      cost: 1 + inner.cost * factor,
      aliases: inner.aliases + (selection.alias ? 1 : 0),
      directives: inner.directives + directives,
    }
  }

  function rootFields(set: SelectionSetNode): number {
    return set.selections
      .map((selection) => {
        if (selection.kind === Kind.FRAGMENT_SPREAD) return once(roots, selection.name.value)
        return selection.kind === Kind.FIELD ? 1 : rootFields(selection.selectionSet)
      })
      .reduce((sum, count) => sum + count, 0)
  }

  return { selections, rootFields }
}

function add(a: Size, b: Size): Size {
  return {
    depth: Math.max(a.depth, b.depth),
    cost: Math.min(a.cost + b.cost, Number.MAX_SAFE_INTEGER),
    aliases: Math.min(a.aliases + b.aliases, Number.MAX_SAFE_INTEGER),
    directives: Math.min(a.directives + b.directives, Number.MAX_SAFE_INTEGER),
  }
}
