import { sourceTableName } from '../../core/source-table-name.ts'
/** What the key of a full-load file says. */
export interface LoadFileName {
  /** As the object store has it: of an S3 event the decoded key. */
  readonly key: string
  readonly load: string
  /** Source table, `schema.table`. */
  readonly table: string
  /** Folders between the table and the file, as DMS makes them for the segments of a parallel load. */
  readonly segments: readonly string[]
  /** `LOAD00000001`, with its `SEGMENT<n>_` if it has one. */
  readonly name: string
}

const FILE = /^((?:SEGMENT\d+_)?LOAD[0-9A-Fa-f]{8})\.parquet(?:\.gz)?$/

/**
 * Reads `landing/loads/<load>/<schema>/<table>/[<segment>/]LOAD00000001.parquet`, as it is or URL-encoded as S3 events
 * have it; undefined for any other key. `=xx` in names is a byte that keys may not have (`loadPrefix`).
 */
export function parseLoadFileName(given: string): LoadFileName | undefined {
  const key = decodedKey(given)
  const [landing, loads, load, schema, table, ...rest] = key?.split('/') ?? []
  const file = rest.pop()
  const [, name] = FILE.exec(file ?? '') ?? []
  const isPlace = landing === 'landing' && loads === 'loads'
  if (key === undefined || !isPlace || !load || !schema || !table || name === undefined) return undefined
  if (rest.includes('')) return undefined
  return {
    key,
    load,
    table: sourceTableName({ schema: named(schema), name: named(table) }),
    segments: rest,
    name,
  }
}

function decodedKey(given: string): string | undefined {
  if (!/[%+]/.test(given)) return given
  try {
    return decodeURIComponent(given.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function named(segment: string): string {
  const bytes = segment.replace(/=([0-9a-f]{2})/g, (_, hex: string) => `%${hex}`)
  try {
    return decodeURIComponent(bytes)
  } catch {
    return segment
  }
}
