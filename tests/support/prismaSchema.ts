import type { Client } from 'pg'

/** What schema.prisma and the database must both say, a line for each column, index and foreign key. */
export type Structure = string[]

/** PostgreSQL's names of the types that Prisma's scalars stand for, where no attribute names another. */
const TYPES: Record<string, string> = {
  String: 'text',
  Int: 'integer',
  BigInt: 'bigint',
  Boolean: 'boolean',
  DateTime: 'timestamp(3) without time zone',
  Json: 'jsonb',
  Bytes: 'bytea',
}
const NATIVE: Record<string, string> = {
  Uuid: 'uuid',
  SmallInt: 'smallint',
  Inet: 'inet',
  'Timestamptz(3)': 'timestamp(3) with time zone',
}
const ON_DELETE: Record<string, string> = { Cascade: 'c', SetNull: 'n', Restrict: 'r', NoAction: 'a' }

/** The structure that the text of schema.prisma declares. Throws for what this reader does not know. */
export function declaredStructure(schema: string): Structure {
  const enums = new Map(
    [...schema.matchAll(/^enum (\w+) \{([^}]*)\}/gm)].map(([, name = '', body = '']) => [
      name,
      mapped(body, '@@') ?? name,
    ]),
  )
  const models = [...schema.matchAll(/^model (\w+) \{\n([^}]*(?:"\{\}"[^}]*)*)^\}/gm)].map(
    ([, name = '', body = '']) => ({
      name,
      table: mapped(body, '@@') ?? name,
      lines: body.split('\n').map((line) => line.replace(/\/\/.*/, '').trim()),
    }),
  )
  const tables = new Map(models.map(({ name, table }) => [name, table]))
  return models
    .flatMap(({ table, lines }) => {
      const columns = new Map<string, string>()
      const listed = (names = '') =>
        names.split(',').map((field) => columns.get(field.trim().replace(/\(.*/, '')) ?? field)
      return lines.flatMap((line): string[] => {
        const block = /^@@(index|unique|id)\(\[([^\]]*)\]/.exec(line)
        if (block) return [indexLine(table, listed(block[2]), block[1] === 'index' ? '' : ` ${String(block[1])}`)]
        const field = /^(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line)
        if (!field || line.startsWith('@@')) return []
        const [, name = '', type = '', list = '', optional = '', attributes = ''] = field
        const relation = /@relation\(fields: \[([^\]]*)\], references: \[([^\]]*)\](?:, onDelete: (\w+))?/.exec(
          attributes,
        )
        if (relation) {
          const action = ON_DELETE[relation[3] ?? 'Restrict'] ?? ''
          return [`${table}(${listed(relation[1]).join()}) references ${tables.get(type) ?? type} on delete ${action}`]
        }
        if (tables.has(type)) return []
        const column = mapped(attributes, '@') ?? name
        columns.set(name, column)
        const native = /@db\.(\w+(?:\(\d+\))?)/.exec(attributes)?.[1]
        const written = native === undefined ? (TYPES[type] ?? enums.get(type)) : NATIVE[native]
        if (written === undefined)
          throw new Error(`${table}.${column}: this test does not know the type ${type} ${native ?? ''}`)
        const nullable = optional === '' ? ' not null' : ''
        const fallback = attributes.includes('@default(') ? ' default' : ''
        const keys = (['id', 'unique'] as const).filter((key) => new RegExp(`@${key}\\b`).test(attributes))
        return [
          `${table}.${column} ${written}${list}${nullable}${fallback}`,
          ...keys.map((key) => indexLine(table, [column], ` ${key}`)),
        ]
      })
    })
    .sort()
}

/** The structure that stands in the schema `public` of a database. What Prisma cannot declare (partial indexes) is left out. */
export async function storedStructure(client: Client): Promise<Structure> {
  const { rows } = await client.query<{ line: string }>(`
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || CASE WHEN a.atthasdef OR a.attidentity <> '' THEN ' default' ELSE '' END AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> '_prisma_migrations'
    UNION ALL
    SELECT c.relname || ' index(' || string_agg(a.attname, ',' ORDER BY k.place) || ')'
      || CASE WHEN i.indisprimary THEN ' id' WHEN i.indisunique THEN ' unique' ELSE '' END
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
      CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k(attribute, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attribute
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> '_prisma_migrations'
      AND i.indpred IS NULL AND i.indexprs IS NULL
    GROUP BY c.relname, i.indexrelid, i.indisprimary, i.indisunique
    UNION ALL
    SELECT c.relname || '(' || (
        SELECT string_agg(a.attname, ',' ORDER BY k.place)
        FROM unnest(f.conkey) WITH ORDINALITY AS k(attribute, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attribute
      ) || ') references ' || f.confrelid::regclass::text || ' on delete ' || f.confdeltype::text
    FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
    WHERE f.contype = 'f' AND c.relnamespace = 'public'::regnamespace`)
  return rows.map(({ line }) => line).sort()
}

function indexLine(table: string, columns: string[], kind: string): string {
  return `${table} index(${columns.join()})${kind}`
}

/** The name in `@map` or `@@map`. */
function mapped(text: string, at: '@' | '@@'): string | undefined {
  return new RegExp(`(?<!@)${at}map\\("([^"]+)"\\)`).exec(text)?.[1]
}
