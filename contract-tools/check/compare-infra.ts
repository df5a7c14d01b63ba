import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { infraFiles } from '../../aws/dms/infra-files.ts'
import type { Table } from '../../core/contract/language/table.ts'

/** The files of `infra/generated`: as the contracts say, and which of those in the folder are not so. Paths from the folder. */
export interface InfraComparison {
  readonly wanted: ReadonlyMap<string, string>
  readonly changed: readonly string[]
  /** Mappings that no contract is behind any more. */
  readonly gone: readonly string[]
}

const isMapping = /\.(cdc|load)\.json$/

/** Compares the files that Terraform reads with the contracts. Throws `contract/invalid` as `infraFiles` does. */
export async function compareInfra(tables: readonly Table[], folder: string): Promise<InfraComparison> {
  const files = infraFiles(tables).map(
    ({ path, content }) => [path, `${JSON.stringify(content, null, 2)}\n`] as const,
  )
  const wanted = new Map(files)
  const known = await textsOf(folder, wanted.keys())
  return {
    wanted,
    changed: files.filter(([path, text]) => known.get(path) !== text).map(([path]) => path),
    gone: [...known.keys()].filter((path) => !wanted.has(path)),
  }
}

/* Texts by path from the folder: of the files that are wanted, and of mappings that no contract is behind any more. */
async function textsOf(folder: string, wanted: Iterable<string>): Promise<ReadonlyMap<string, string>> {
  const mappings = (await orNothing(readdir(join(folder, 'mappings')))) ?? []
  const paths = [
    ...wanted,
    ...mappings.filter((name) => isMapping.test(name)).map((name) => `mappings/${name}`),
  ]
  const texts = new Map<string, string>()
  for (const path of new Set(paths)) {
    const text = await orNothing(readFile(join(folder, path), 'utf8'))
    if (text !== undefined) texts.set(path, text)
  }
  return texts
}

function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
