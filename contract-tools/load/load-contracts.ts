import { readdir, readFile, realpath } from 'node:fs/promises'
import { register } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { bundledLanguage } from './contract-language.ts'

/** A contract file: where it is, what its path says, its text, and its table or why there is none. */
export interface ContractFile {
  /** Path from the schemas folder, with slashes: `workforce/shifts/v1.ts`. */
  readonly path: string
  /** Path as people see it: from the folder they are in. */
  readonly shown: string
  readonly text: string
  /** `domain.table` and version, as the path says. */
  readonly name: string
  readonly version: number
  readonly loaded: Loaded
}

export type Loaded =
  | { readonly kind: 'table'; readonly table: Table; readonly exportName: string }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface ContractsFolder {
  /** Absolute path. */
  readonly root: string
  readonly shown: string
  readonly files: readonly ContractFile[]
}

const CONTRACT_PATH = /^([^/]+)\/([^/]+)\/v(\d+)\.ts$/

/**
 * Runs every contract file below a folder, which may be anywhere. A file that does not load is in the result with its
 * error. Throws `usage/invalid` when there is no such folder. `from` is the folder that shown paths start at.
 */
export async function loadContracts(schemas: string, from: string): Promise<ContractsFolder> {
  const root = await realFolder(resolve(from, schemas), schemas)
  const paths = await contractPaths(root)
  await allowContracts(root)
  const files: ContractFile[] = []
  for (const path of paths) files.push(await loadFile(root, path, from))
  return { root, shown: shownPath(root, from), files }
}

/** The tables of a folder. Throws `contract/invalid` when a file has none. */
export function tablesOf({ files }: ContractsFolder): readonly Table[] {
  return files.map(({ shown, loaded }) => {
    if (loaded.kind === 'table') return loaded.table
    const reason = loaded.error instanceof Error ? loaded.error.message : 'it exports no table'
    throw new PipelineError('contract/invalid', `${shown}: ${reason}`, { cause: loaded.error })
  })
}

/** A path for people: from where they are when it is below, else absolute. */
export function shownPath(path: string, from: string): string {
  const near = relative(from, path).replaceAll('\\', '/')
  return near === '' ? '.' : near.startsWith('..') ? path : near
}

/* Node names modules by their real path, and the hooks compare with it. */
async function realFolder(folder: string, schemas: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch (cause) {
    throw new PipelineError('usage/invalid', `no folder ${schemas}; name it with --contracts`, { cause })
  }
}

async function contractPaths(root: string): Promise<readonly string[]> {
  const names = await readdir(root, { recursive: true })
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => CONTRACT_PATH.test(name) && !name.includes('node_modules/'))
    .sort()
}

const allowed = new Set<string>()

/* Hooks cannot be taken back, so each folder gets its own only once. */
async function allowContracts(root: string): Promise<void> {
  if (allowed.has(root)) return
  /* Where the sources run, TypeScript is known already. */
  if (bundledLanguage !== undefined && allowed.size === 0) (await import('tsx/esm/api')).register()
  allowed.add(root)
  const folder = `${pathToFileURL(root).href}/`
  const data = { parentURL: import.meta.url, folder, language: bundledLanguage }
  register(new URL('./resolve-hooks.mjs', import.meta.url), { data })
}

async function loadFile(root: string, path: string, from: string): Promise<ContractFile> {
  const file = join(root, path)
  const [, domain = '', table = '', version = ''] = CONTRACT_PATH.exec(path) ?? []
  return {
    path,
    shown: shownPath(file, from),
    text: await readFile(file, 'utf8'),
    name: `${domain}.${table}`,
    version: Number(version),
    loaded: await load(file),
  }
}

async function load(file: string): Promise<Loaded> {
  try {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href)
    const tables = Object.entries(module).filter(([, value]) => isTable(value))
    const [only, ...more] = tables
    if (only === undefined || more.length > 0)
      return { kind: 'failed', error: new TypeError(`it exports ${tables.length} tables instead of one`) }
    const [exportName, table] = only
    /* What `table()` made has every member: it is the only maker, and it throws otherwise. */
    return { kind: 'table', table: table as Table, exportName }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'columns' in value && 'primaryKey' in value
}
