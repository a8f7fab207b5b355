import { collectSubFields } from '@graphql-tools/utils'
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLScalarType,
  type GraphQLSchema,
  Kind,
  astFromValue,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  valueFromASTUntyped,
} from 'graphql'

/** A JSON Schema of 2020-12, which OpenAPI 3.1 uses as it is. */
export type JsonSchema = Readonly<Record<string, unknown>>

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer', format: 'int32' },
  Boolean: { type: 'boolean' },
  DateTime: { type: 'string', format: 'date-time' },
  JSONObject: { type: 'object', additionalProperties: true },
}

/** The named schemas of a document. Types of one name that are answered with other fields get a name of their own. */
export class SchemaRegistry {
  readonly schemas: Record<string, JsonSchema> = {}

  /** A reference to the schema under its name or, where another schema has that, under the second. */
  add(schema: JsonSchema, [name, second]: readonly [string, string]): JsonSchema {
    const free = [name, second].find((other) => {
      const known = this.schemas[other]
      return known === undefined || JSON.stringify(known) === JSON.stringify(schema)
    })
    if (free === undefined) throw new Error(`Several schemas would have the name ${second}`)
    this.schemas[free] = schema
    return { $ref: `#/components/schemas/${free}` }
  }
}

/** The schema of what clients send. */
export function inputSchema(type: GraphQLInputType, registry: SchemaRegistry): JsonSchema {
  if (!isNonNullType(type)) return orNull(nonNullInput(type, registry))
  return nonNullInput(type.ofType, registry)
}

function nonNullInput(type: GraphQLInputType, registry: SchemaRegistry): JsonSchema {
  if (isListType(type)) return { type: 'array', items: inputSchema(type.ofType, registry) }
  if (isInputObjectType(type)) return registry.add(inputObject(type, registry), [type.name, type.name])
  if (isScalarType(type) || isEnumType(type)) return leaf(type, registry)
  throw new Error(`No schema for the input ${String(type)}`)
}

/** Clients may leave out what has a default or may be null; a field that the schema does not know is refused. */
export function inputObject(type: GraphQLInputObjectType, registry: SchemaRegistry): JsonSchema {
  const fields = Object.values(type.getFields())
  const required = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined)
  return {
    type: 'object',
    ...described(type.description),
    properties: Object.fromEntries(
      fields.map((field) => {
        const node = field.defaultValue === undefined ? null : astFromValue(field.defaultValue, field.type)
        const fallback = node ? { default: valueFromASTUntyped(node) } : {}
        return [field.name, { ...inputSchema(field.type, registry), ...described(field.description), ...fallback }]
      }),
    ),
    ...(required.length > 0 && { required: required.map(({ name }) => name) }),
    additionalProperties: false,
  }
}

interface SelectionParts {
  schema: GraphQLSchema
  schemas: SchemaRegistry
  document: DocumentNode
  /** Comes before the name of a type that other routes answer with other fields. */
  prefix: string
}

/** What one document selects, as schemas. */
export class Selection {
  private readonly fragments: Record<string, FragmentDefinitionNode>

  constructor(private readonly parts: SelectionParts) {
    const fragments = parts.document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
    this.fragments = Object.fromEntries(fragments.map((node) => [node.name.value, node]))
  }

  /** A type as it is answered where a field selects these nodes of it. `own` replaces the schemas of single fields. */
  object(type: GraphQLObjectType, nodes: FieldNode[], own: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
    const { fields } = collectSubFields(this.parts.schema, this.fragments, {}, type, nodes)
    const declared = type.getFields()
    const properties = [...fields].map(([name, selected]) => {
      const field = declared[name]
      if (!field) throw new Error(`${type.name} has no field ${name}`)
      return [name, own[name] ?? { ...this.output(field.type, selected), ...described(field.description) }] as const
    })
    return {
      type: 'object',
      ...described(type.description),
      properties: Object.fromEntries(properties),
      required: properties.map(([name]) => name),
    }
  }

  /** The same as a schema with a name. */
  named(type: GraphQLObjectType, schema: JsonSchema): JsonSchema {
    return this.parts.schemas.add(schema, [type.name, this.parts.prefix + type.name])
  }

  private output(type: GraphQLOutputType, nodes: FieldNode[]): JsonSchema {
    if (!isNonNullType(type)) return orNull(this.nonNull(type, nodes))
    return this.nonNull(type.ofType, nodes)
  }

  private nonNull(type: GraphQLOutputType, nodes: FieldNode[]): JsonSchema {
    if (isListType(type)) return { type: 'array', items: this.output(type.ofType, nodes) }
    if (isObjectType(type)) return this.named(type, this.object(type, nodes))
    if (isScalarType(type) || isEnumType(type)) return leaf(type, this.parts.schemas)
    throw new Error(`No schema for the answer ${String(type)}`)
  }
}

function leaf(type: GraphQLScalarType | GraphQLEnumType, registry: SchemaRegistry): JsonSchema {
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name }) => name)
    return registry.add({ type: 'string', ...described(type.description), enum: values }, [type.name, type.name])
  }
  const schema = SCALARS[type.name]
  if (!schema) throw new Error(`No schema for the scalar ${type.name}`)
  return schema
}

function orNull(schema: JsonSchema): JsonSchema {
  return typeof schema.type === 'string'
    ? { ...schema, type: [schema.type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] }
}

export const described = (description: string | null | undefined) => (description ? { description } : {})
