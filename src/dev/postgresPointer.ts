import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join, relative, resolve } from 'node:path'

/**
 * What stands in <dataDir>/postgres.json, for its owner only: which database belongs to this dataDir. It is written
 * once the database is complete, so that what an interrupted start left behind is never trusted.
 */
export interface Pointer {
  /** The absolute path of the folder that holds the database. */
  home: string
  password: string
  /** The port of the last start, so that the address stays the same; 0 before the first. */
  port: number
}

/** Null when this dataDir has no database yet, or when it is a copy, and the database that it names is the original's. */
export function readPointer(dataDir: string): Pointer | null {
  const pointer = parsePointer(dataDir)
  if (!pointer) return null
  const owner = readIfThere(ownerFile(pointer.home))
  const moved = owner === null || owner === dataDir || parsePointer(owner)?.home !== pointer.home
  return moved ? pointer : null
}

/** Whether this pointer is now the one of its dataDir: false when another process published its own meanwhile. */
export function publishPointer(dataDir: string, pointer: Pointer): boolean {
  if (readPointer(dataDir)) return false
  rmSync(pointerFile(dataDir), { force: true })
  const draft = writeDraft(dataDir, pointer)
  try {
    linkSync(draft, pointerFile(dataDir)) // unlike a rename it fails when the file is there
    return true
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw problem
  } finally {
    rmSync(draft)
  }
}

export function replacePointer(dataDir: string, pointer: Pointer): void {
  renameSync(writeDraft(dataDir, pointer), pointerFile(dataDir))
}

/** Writes into the database's folder whose it is. */
export function claimHome(home: string, dataDir: string): void {
  writeFileSync(ownerFile(home), dataDir)
}

/** The dataDir whose database lies in this folder; null when it is no such folder. */
export function ownerOf(home: string): string | null {
  return readIfThere(ownerFile(home))
}

export function pointerFile(dataDir: string): string {
  return join(dataDir, 'postgres.json')
}

function ownerFile(home: string): string {
  return join(home, 'owner')
}

function parsePointer(dataDir: string): Pointer | null {
  const text = readIfThere(pointerFile(dataDir))
  if (text === null) return null
  const pointer = JSON.parse(text) as Pointer
  return { ...pointer, home: resolve(dataDir, pointer.home) }
}

/** A home inside dataDir is written as a relative path: the two move together. */
function writeDraft(dataDir: string, pointer: Pointer): string {
  const path = relative(dataDir, pointer.home)
  const home = path.startsWith('..') || isAbsolute(path) ? pointer.home : path
  const draft = `${pointerFile(dataDir)}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${JSON.stringify({ ...pointer, home })}\n`, { mode: 0o600, flag: 'wx' })
  return draft
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (problem) {
    if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw problem
  }
}
