// Writes schema.graphql (with its directives), operator-schema.graphql, openapi.json, the JSON Schema of an export, the typed documents and what packages/client knows
// of the schema, from the compiled server.
// With --check it writes nothing and fails where a committed file differs.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { clientOperations, possibleTypes, possibleTypesJson, possibleTypesModule } from './client-operations.mjs'

const require = createRequire(import.meta.url)
const { printSchemaWithDirectives } = require('@graphql-tools/utils')
const { codegen } = require('@graphql-codegen/core')
const { lexicographicSortSchema, parse } = require('graphql')
const prettier = require('prettier')
const { z } = require('zod')
const { createOperatorSchema } = require('../dist/graphql/operators/schema.js')
const { createSchema, signedInFields } = require('../dist/graphql/schema.js')
const { openApiDocument } = require('../dist/http/openapi/document.js')
const { ACCOUNT_EXPORT } = require('../dist/services/steps/accountExport.js')

const OPERATIONS = 'src/graphql/operations'
const DOCUMENTS = `${OPERATIONS}/documents.generated.ts`
const check = process.argv.includes('--check')

const schema = lexicographicSortSchema(createSchema({ development: true, loginCode: true }))
const types = possibleTypes(schema)
const written = {
  'schema.graphql': printSchemaWithDirectives(schema) + '\n',
  'operator-schema.graphql': printSchemaWithDirectives(lexicographicSortSchema(createOperatorSchema())) + '\n',
  'packages/client/possible-types.json': possibleTypesJson(types),
  'packages/client/src/possibleTypes.generated.ts': possibleTypesModule(types),
  'packages/client/src/operations.generated.ts': clientOperations(schema, signedInFields()),
}
const differs = []
for (const [path, text] of Object.entries(written)) {
  if (!check) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) differs.push(path)
}

/** As a production server describes itself that has every route. */
const served = createSchema({ development: false, loginCode: true, budgets: { factor: 1, replaced: {} } })
const asJson = {
  'docs/account-export.schema.json': { title: 'The export of an account', ...z.toJSONSchema(ACCOUNT_EXPORT) },
  'openapi.json': openApiDocument(served, { secureCookies: true }),
}
for (const [path, value] of Object.entries(asJson)) {
  const format = { ...(await prettier.resolveConfig(path)), parser: 'json' }
  const text = await prettier.format(JSON.stringify(value), format)
  if (!check) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) differs.push(path)
}

const documents = await typedDocuments()
if (!check) writeFileSync(DOCUMENTS, documents)
else if (readFileSync(DOCUMENTS, 'utf8') !== documents) differs.push(DOCUMENTS)

if (differs.length > 0) {
  console.error(`Out of date: ${differs.join(', ')}. Run: npm run build && node scripts/schema.mjs`)
  process.exit(1)
}

/** The typed documents of the operations that the REST routes run. */
function typedDocuments() {
  const files = readdirSync(OPERATIONS).filter((file) => file.endsWith('.graphql'))
  return codegen({
    filename: DOCUMENTS,
    schema: parse(written['schema.graphql']),
    documents: files.sort().map((file) => {
      const location = join(OPERATIONS, file)
      return { location, document: parse(readFileSync(location, 'utf8')) }
    }),
    config: {
      useTypeImports: true,
      enumsAsTypes: true,
      skipTypename: true,
      scalars: { DateTime: 'string', ID: 'string' },
    },
    plugins: [{ 'typescript-operations': {} }, { 'typed-document-node': {} }],
    pluginMap: {
      'typescript-operations': require('@graphql-codegen/typescript-operations'),
      'typed-document-node': require('@graphql-codegen/typed-document-node'),
    },
  })
}
