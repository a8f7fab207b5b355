import { resolve } from 'node:path'
import { defineConfig } from 'prisma/config'

// generate, validate and format are WebAssembly and need no native engine, yet the CLI looks for one before it
// starts: any existing file satisfies it, so that an offline machine builds. `gatehouse migrate` migrates.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= resolve('package.json')

export default defineConfig({ schema: 'prisma/schema.prisma', migrations: { path: 'prisma/migrations' } })
