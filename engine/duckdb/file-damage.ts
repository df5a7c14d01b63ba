import { splitLakeName } from '../../core/contract/language/lake-table-name.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { storageFailure } from '../../core/failures/storage-failure.ts'
import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'

/* Errors of a file that is gone, cut or of other bytes; those of the SQL are Parser, Binder, Catalog, Conversion errors. */
const OF_FILES = /^(?:IO Error|Invalid Error|TProtocolException|Serialization Error|INTERNAL Error)/i
const OF_A_FILE = /[/\\](lake[/\\][^'"\n]+?\.parquet)/

/** Tells an error of a damaged lake file from one of the SQL, and names the table. */
export class FileDamage {
  private readonly entries: readonly CatalogEntry[]
  private readonly unopened = new Map<CatalogEntry, PipelineError>()

  constructor(entries: readonly CatalogEntry[]) {
    this.entries = entries
  }

  /** The views of a table could not be made. Throws the cause where no file is at fault. */
  note(entry: CatalogEntry, cause: unknown): void {
    const message = textOf(cause)
    if (storageFailure(cause) !== undefined) throw cause
    if (!OF_FILES.test(message) && !OF_A_FILE.test(message)) throw cause
    this.unopened.set(entry, unreadable([entry], message, cause))
  }

  /** What a failed query failed of, where that is a file; undefined where it is the SQL. */
  in(sql: string, cause: unknown): PipelineError | undefined {
    const refused = storageFailure(cause)
    if (refused !== undefined) return refused
    const text = sql.toLowerCase()
    const isNamed = ({ table }: CatalogEntry) => text.includes(splitLakeName(table.name).table.toLowerCase())
    for (const [entry, error] of this.unopened) if (isNamed(entry)) return error
    const message = textOf(cause)
    const key = keyIn(message)
    const own = this.entries.filter(
      ({ table }) => key?.startsWith(`${table.location}/`) || key?.startsWith(`${table.baseLocation}/`),
    )
    if (own.length > 0) return unreadable(own, message, cause)
    if (!OF_FILES.test(message)) return undefined
    return unreadable(this.entries.filter(isNamed), message, cause)
  }
}

/* DuckDB's message may quote a value of the file: it stays in the cause. */
function unreadable(entries: readonly CatalogEntry[], message: string, cause: unknown): PipelineError {
  const tables = [...new Set(entries.map(({ table }) => table.name))].join(', ')
  const key = keyIn(message)
  const what = key === undefined ? 'a file is gone or damaged' : `${key} is gone or damaged`
  return new PipelineError('lake/unreadable', `${tables}: ${what}; to do: tidemark status --audit`, { cause })
}

function keyIn(message: string): string | undefined {
  return OF_A_FILE.exec(message)?.[1]?.replaceAll('\\', '/')
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
