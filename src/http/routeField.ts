import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationTypeNode,
  getOperationAST,
} from 'graphql'

interface RouteField {
  node: FieldNode
  /** Undefined if the configuration leaves it out of the schema. */
  field: GraphQLField<unknown, unknown> | undefined
  operation: OperationTypeNode
}

/** The one field that a route's document runs. */
export function routeField(schema: GraphQLSchema, document: DocumentNode): RouteField {
  const operation = getOperationAST(document)
  const [node] = operation?.selectionSet.selections ?? []
  if (!operation || node?.kind !== Kind.FIELD) throw new Error('A route runs one field of one operation')
  const field = schema.getRootType(operation.operation)?.getFields()[node.name.value]
  return { node, field, operation: operation.operation }
}
