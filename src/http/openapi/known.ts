import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type OperationTypeNode,
  type VariableDefinitionNode,
  getNullableType,
  getOperationAST,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { type SchemaRegistry, Selection } from './schemas'
import { signedInFields } from '../../graphql/schema'
import type { Credential, RestRoute } from '../restTable'
import { routeField } from '../routeField'

/** A route, with what document and schema say of it. */
export interface Known {
  route: RestRoute
  schema: GraphQLSchema
  schemas: SchemaRegistry
  /** Of the document, which has one operation with a name. */
  name: string
  operation: OperationTypeNode
  node: FieldNode
  field: GraphQLField<unknown, unknown>
  /** The types that it may answer. */
  members: readonly GraphQLObjectType[]
  variables: readonly VariableDefinitionNode[]
  selection: Selection
  credentials: readonly Credential[]
}

export function knownOf(route: RestRoute, { schema, schemas }: Pick<Known, 'schema' | 'schemas'>): Known | null {
  const { node, field, operation } = routeField(schema, route.document)
  if (!field) return null
  const { name, variableDefinitions: variables = [] } = getOperationAST(route.document) ?? {}
  if (!name) throw new Error(`The document of ${route.url} has no name`)
  const type = getNullableType(field.type)
  const own = isObjectType(type) ? [type] : []
  // Only `me` may resolve to null, and only without a signed-in viewer.
  const signedIn = signedInFields().has(field.name) || !isNonNullType(field.type)
  return {
    ...{ route, schema, schemas, name: name.value, operation, node, field, variables },
    members: isUnionType(type) ? type.getTypes() : own,
    selection: new Selection({ schema, schemas, document: route.document, prefix: name.value }),
    credentials: route.credentials ?? (signedIn ? ['accessToken'] : []),
  }
}
