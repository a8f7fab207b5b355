// Writes what packages/client knows of the schema: a document and the types of each operation, and the members of each union.
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'

/** What the client does by itself, and what production lacks. */
const OMITTED = new Set(['logout', 'refreshSession', 'devInbox'])
/** Of a user inside another answer; `me` has everything. */
const PROFILE = ['id', 'email', 'emailVerified', 'displayName', 'locale', 'createdAt']
const NOTICE = '// Written by scripts/schema.mjs from the schema: change it there.\n'

/** The interfaces and unions with their members, as Apollo's cache wants them. */
export function possibleTypes(schema) {
  const abstract = Object.values(schema.getTypeMap()).filter(
    (type) => (isUnionType(type) || isInterfaceType(type)) && !type.name.startsWith('__'),
  )
  return Object.fromEntries(abstract.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]))
}

export const possibleTypesJson = (types) => `${JSON.stringify(types, null, 2)}\n`
export const possibleTypesModule = (types) =>
  `${NOTICE}/* eslint-disable */\n\n/** The members of each interface and union, for Apollo's InMemoryCache. */
export const possibleTypes: Record<string, string[]> = ${JSON.stringify(types, null, 2)}\n`

export function clientOperations(schema, authorized) {
  const queries = Object.values(schema.getQueryType().getFields()).map((field) => ['query', field])
  const mutations = Object.values(schema.getMutationType().getFields()).map((field) => ['mutation', field])
  const operations = [...queries, ...mutations].filter(([, { name }]) => !OMITTED.has(name))
  const entries = operations.map(([kind, field]) => {
    const flags = (authorized.has(field.name) || field.name === 'me' ? 'S' : '') + (takesTransport(field) ? 'T' : '')
    return `  ${field.name}: [${JSON.stringify(documentOf(kind, field))}, '${flags}'],`
  })
  const methods = operations.map(([, field]) => `${comment(field)}  ${signature(field)}`)
  const types = new Map()
  for (const [, field] of operations) collect(types, field)
  return [
    `${NOTICE}/* eslint-disable */`,
    ...[...types.values()].map(declaration),
    `export const DOCUMENTS = {\n${entries.join('\n')}\n} as const`,
    `export interface Methods {\n${methods.join('\n')}\n}`,
    '',
  ].join('\n\n')
}

const inputOf = ({ args }) => (args[0] ? getNamedType(args[0].type) : null)
const takesTransport = (field) => Boolean(inputOf(field)?.getFields().transport)

function documentOf(kind, field) {
  const title = field.name.charAt(0).toUpperCase() + field.name.slice(1)
  const [variables, argument] = field.args[0] ? [`($input:${field.args[0].type})`, '(input:$input)'] : ['', '']
  const type = getNamedType(field.type)
  const selected = isUnionType(type) ? membersOf(type) : selection(type, kind === 'query')
  const top = kind === 'query' ? selected : `__typename ${selected}`
  return `${kind} ${title}${variables}{${field.name}${argument}{${top}}}`
}

function membersOf(union) {
  const errors = union.getTypes().some(isError) ? '...on UserError{code message} ' : ''
  const own = union
    .getTypes()
    .map((type) => [type.name, selection(type, false, isError(type) ? ['code', 'message'] : [])])
  return errors + own.flatMap(([name, fields]) => (fields === '' ? [] : [`...on ${name}{${fields}}`])).join(' ')
}

const isError = (type) => type.getInterfaces().some(({ name }) => name === 'UserError')
const fieldsOf = (type, whole) =>
  Object.values(type.getFields()).filter(({ name }) => type.name !== 'User' || whole || PROFILE.includes(name))

function selection(type, whole, without = []) {
  const fields = fieldsOf(type, whole).filter(({ name }) => !without.includes(name))
  return fields
    .map(({ name, type: of }) =>
      isLeafType(getNamedType(of)) ? name : `${name}{${selection(getNamedType(of), false)}}`,
    )
    .join(' ')
}

/** Every named type that an operation mentions, once. */
function collect(types, field) {
  const visit = (type) => {
    if (types.has(type.name) || (isLeafType(type) && !isEnumType(type))) return
    types.set(type.name, type)
    if (isUnionType(type)) type.getTypes().forEach(visit)
    if (isObjectType(type) || isInputObjectType(type))
      Object.values(type.getFields()).forEach(({ type: of }) => visit(getNamedType(of)))
  }
  visit(getNamedType(field.type))
  field.args.forEach(({ type }) => visit(getNamedType(type)))
}

function declaration(type) {
  if (isEnumType(type))
    return `export type ${type.name} = ${type
      .getValues()
      .map(({ name }) => `'${name}'`)
      .join(' | ')}`
  if (isUnionType(type))
    return `export type ${type.name} =\n  | ${type
      .getTypes()
      .map(({ name }) => name)
      .join('\n  | ')}`
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(({ name }) => name !== 'transport')
    return `export interface ${type.name} {\n${fields.map(inputField).join('\n')}\n}`
  }
  const profile = `${comment(type, '')}export interface ${type.name} {\n${outputFields(type, false)}\n}`
  return type.name === 'User'
    ? `${profile}\n\nexport interface Account extends User {\n${accountFields(type)}\n}`
    : profile
}

const accountFields = (type) => outputFields(type, true, (name) => !PROFILE.includes(name))
function outputFields(type, whole, wanted = () => true) {
  const code = isError(type)
    ? `'${type.name
        .replace(/Error$/, '')
        .replace(/(?<=.)[A-Z]/g, '_$&')
        .toUpperCase()}'`
    : null
  const fields = fieldsOf(type, whole).filter(({ name }) => wanted(name))
  const lines = fields.map(
    (field) => `${comment(field)}  ${field.name}: ${field.name === 'code' && code ? code : typeOf(field.type)}`,
  )
  // Only what an operation answers itself says what it is.
  const tagged = /(Success|Error)$/.test(type.name) && type.name !== 'FieldError'
  return [...(tagged ? [`  __typename: '${type.name}'`] : []), ...lines].join('\n')
}

const inputField = (field) =>
  `${comment(field)}  ${field.name}${isNonNullType(field.type) && field.defaultValue === undefined ? '' : '?'}: ${typeOf(field.type, INPUT_SCALARS)}`
const comment = ({ description }, indent = '  ') =>
  description ? `${indent}/** ${description.replaceAll('\n', ' ')} */\n` : ''

const SCALARS = { Boolean: 'boolean', Int: 'number', Float: 'number', JSONObject: 'Record<string, unknown>' }
/** An interface, such as that of a passkey's response, is no Record. */
const INPUT_SCALARS = { ...SCALARS, JSONObject: 'object' }
function typeOf(type, scalars = SCALARS) {
  if (isNonNullType(type)) return bare(type.ofType, scalars)
  return `${bare(type, scalars)} | null`
}
function bare(type, scalars) {
  if (isListType(type)) return `${typeOf(type.ofType, scalars)}[]`
  return isLeafType(type) && !isEnumType(type) ? (scalars[type.name] ?? 'string') : type.name
}

function signature(field) {
  const input = inputOf(field)
  const result = field.name === 'me' ? 'Account | null' : typeOf(field.type)
  return `${field.name}(${input ? `input: ${input.name}` : ''}): Promise<${result}>`
}
