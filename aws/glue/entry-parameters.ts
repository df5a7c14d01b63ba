import * as z from 'zod'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import { catalogTableDocument, floorDocument } from '../../core/ports/entry-document.ts'

/** Where the manifest of a base lies; the base itself may be larger than a Glue parameter. */
export interface BasePointer {
  readonly build: number
  readonly key: string
}

/** What a Glue table says in its parameters: the entry without its partitions, which are Glue's own. */
export interface EntryState extends Pick<CatalogEntry, 'table' | 'floors' | 'revisions'> {
  readonly base: BasePointer | null
}

/* API reference, TableInput: a value of a parameter. */
const VALUE_BYTES = 512_000
const FORMAT = '1'
const NAMES = {
  format: 'tidemark.format',
  table: 'tidemark.table',
  floors: 'tidemark.floors',
  revisions: 'tidemark.revisions',
  base: 'tidemark.base',
} as const

const state = z.object({
  table: catalogTableDocument,
  floors: z.array(floorDocument),
  revisions: z.array(z.number().int()),
  base: z.object({ build: z.number().int(), key: z.string() }).nullable(),
})

/** Throws `catalog/too-large` for what Glue would not take. */
export function parametersOf({ table, floors, revisions, base }: EntryState): Record<string, string> {
  const parameters = {
    [NAMES.format]: FORMAT,
    [NAMES.table]: JSON.stringify(table),
    [NAMES.floors]: JSON.stringify(floors),
    [NAMES.revisions]: JSON.stringify(revisions),
    [NAMES.base]: JSON.stringify(base),
  }
  for (const [name, value] of Object.entries(parameters))
    if (Buffer.byteLength(value) > VALUE_BYTES)
      throw new PipelineError('catalog/too-large', `${printTableVersion(table)}: ${name}`)
  return parameters
}

/** The state that a Glue table holds; undefined for a table that is not ours. Throws `catalog/corrupt` for a damaged one. */
export function stateOf(
  name: string,
  parameters: Readonly<Record<string, string>> = {},
): EntryState | undefined {
  if (parameters[NAMES.format] !== FORMAT) return undefined
  const read = (parameter: string) => JSON.parse(parameters[parameter] ?? 'null')
  try {
    return state.parse({
      table: read(NAMES.table),
      floors: read(NAMES.floors),
      revisions: read(NAMES.revisions),
      base: read(NAMES.base),
    })
  } catch (cause) {
    throw new PipelineError('catalog/corrupt', `Glue table ${name}`, { cause })
  }
}
