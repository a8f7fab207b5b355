import { readFile } from 'node:fs/promises'
import { type Config, ConfigError } from './config'

/** Where a value breaks its schema, with names joined by dots, and how; null if it does not. */
export type SchemaCheck = (value: unknown) => SchemaProblem | null
export interface SchemaProblem {
  path: string
  kind: 'REQUIRED' | 'INVALID_FORMAT'
  words: string
}

/** The checks of what operators and users write freely. Without a schema everything is accepted. */
export interface JsonSchemas {
  claims: SchemaCheck
  profile: SchemaCheck
}

/** Reads the schemas of CLAIMS_SCHEMA_FILE and PROFILE_SCHEMA_FILE. Throws a ConfigError that names the variable. */
export async function readJsonSchemas({
  claimsSchemaFile,
  profileSchemaFile,
}: Pick<Config, 'claimsSchemaFile' | 'profileSchemaFile'>): Promise<JsonSchemas> {
  return {
    claims: await readSchema('CLAIMS_SCHEMA_FILE', claimsSchemaFile),
    profile: await readSchema('PROFILE_SCHEMA_FILE', profileSchemaFile),
  }
}

async function readSchema(variable: string, file: string | null): Promise<SchemaCheck> {
  if (file === null) return () => null
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw problem(variable, `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
  })
  try {
    return await compile(JSON.parse(text))
  } catch (error) {
    throw problem(
      variable,
      `the file is no JSON Schema of draft 2020-12 (${error instanceof Error ? error.message : ''})`,
    )
  }
}

/** Loaded only where a schema is configured. Strict: a keyword that the draft does not have is a mistake. */
async function compile(schema: unknown): Promise<SchemaCheck> {
  const [{ Ajv2020 }, { default: addFormats }] = await Promise.all([import('ajv/dist/2020'), import('ajv-formats')])
  const ajv = new Ajv2020({ strict: true })
  addFormats(ajv)
  const validate = ajv.compile(schema as object)
  return (value) => {
    if (validate(value)) return null
    const [first] = validate.errors ?? []
    const { instancePath = '', keyword = '', params = {}, message = 'is wrong' } = first ?? {}
    const { missingProperty, additionalProperty } = params as { missingProperty?: string; additionalProperty?: string }
    const names = [...instancePath.split('/').slice(1), missingProperty ?? additionalProperty ?? []].flat()
    return {
      path: names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')).join('.'),
      kind: keyword === 'required' ? 'REQUIRED' : 'INVALID_FORMAT',
      words: message,
    }
  }
}

function problem(variable: string, words: string): ConfigError {
  return new ConfigError([`${variable}: ${words}`])
}
