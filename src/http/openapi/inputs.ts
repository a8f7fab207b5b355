import {
  type ASTVisitor,
  type DocumentNode,
  GraphQLNonNull,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  type VariableDefinitionNode,
  getNullableType,
  isInputObjectType,
  isInputType,
  isRequiredInputField,
  typeFromAST,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Known } from './known'
import { json } from './responses'
import { type JsonSchema, described, inputObject, inputSchema } from './schemas'

/** What a route is told: the input as the body of a POST, as the path of a GET, or variables in its query. */
export function inputsOf(known: Known): JsonSchema {
  const { route, variables } = known
  if (variables.length === 0) return {}
  if (route.method === 'POST') return bodyOf(known)
  return { parameters: route.url.includes(':') ? pathParameters(known) : queryParameters(known) }
}

/** The schema stands in its place, without a name: generators of types take defaults for obligatory in one that has a name. */
function bodyOf({ schema, schemas, variables }: Known): JsonSchema {
  const input = inputObjectOf(schema, variables)
  const required = Object.values(input.getFields()).some(isRequiredInputField)
  return { requestBody: { required, content: json(inputObject(input, schemas)) } }
}

function pathParameters({ schema, schemas, variables }: Known): JsonSchema[] {
  const fields = Object.values(inputObjectOf(schema, variables).getFields())
  return fields.map(({ name, type, description }) => ({
    ...{ name, in: 'path', required: true },
    ...described(description),
    schema: inputSchema(type, schemas),
  }))
}

/** A parameter is left out where GraphQL would take null. */
function queryParameters({ schema, schemas, variables, route }: Known): JsonSchema[] {
  const descriptions = argumentDescriptions(schema, route.document)
  return variables.map((definition) => {
    const name = definition.variable.name.value
    const type = new GraphQLNonNull(getNullableType(inputTypeOf(schema, definition)))
    const fallback = definition.defaultValue ? { default: valueFromASTUntyped(definition.defaultValue) } : {}
    return {
      ...{ name, in: 'query' },
      ...described(descriptions.get(name)),
      schema: { ...inputSchema(type, schemas), ...fallback },
    }
  })
}

function inputTypeOf(schema: GraphQLSchema, { type, variable }: VariableDefinitionNode) {
  const found = typeFromAST(schema, type)
  if (!isInputType(found)) throw new Error(`$${variable.name.value} is of no input type`)
  return found
}

function inputObjectOf(schema: GraphQLSchema, [variable]: readonly VariableDefinitionNode[]) {
  const type = variable && getNullableType(inputTypeOf(schema, variable))
  if (!isInputObjectType(type)) throw new Error('A route takes one input object')
  return type
}

/** What the schema says of the arguments that a document's variables are for. */
function argumentDescriptions(schema: GraphQLSchema, document: DocumentNode): Map<string, string | null | undefined> {
  const descriptions = new Map<string, string | null | undefined>()
  const types = new TypeInfo(schema)
  const visitor: ASTVisitor = {
    Argument({ value }) {
      if (value.kind === Kind.VARIABLE) descriptions.set(value.name.value, types.getArgument()?.description)
    },
  }
  visit(document, visitWithTypeInfo(types, visitor))
  return descriptions
}
