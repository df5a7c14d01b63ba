import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ParquetParsers, parquetReadObjects } from 'hyparquet'
import type { Change } from '../../core/change.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { loadPrefix } from '../../core/load/load.ts'
import type { Position } from '../../core/position.ts'
import { DuckEngine } from '../../engine/duckdb/duck-engine.ts'
import { openLoadFile } from '../../engine/load-file/open-load-file.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { readLoadRows } from '../../local/loads/read-load-rows.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { readDocuments } from '../../local/state/state-file.ts'
import { FolderFiles } from '../../local/stores/folder-files.ts'
import { FolderObjects } from '../../local/stores/folder-objects.ts'
import { LoadDocuments } from '../../state/documents/load-documents.ts'
import { type Reading, readWithHyparquet } from './lake-readers.ts'
import { bitsOf, type Oracle } from './oracle.ts'

/** A row of a load file as hyparquet reads it: days and microseconds are objects that say so. */
export type StoredRow = Readonly<Record<string, unknown>>

/** The files of the loads of a run: the stored form of the rows that were there before it. */
export class LoadFiles {
  private readonly engine: DuckEngine
  private readonly objects: FolderObjects
  private readonly files: FolderFiles
  private readonly tables: ReadonlyMap<string, { readonly prefix: string; readonly position: Position }>

  private constructor(dir: string, temporary: string, engine: DuckEngine, tables: LoadFiles['tables']) {
    this.engine = engine
    this.objects = new FolderObjects(dir)
    this.files = new FolderFiles(this.objects, temporary)
    this.tables = tables
  }

  static async open(dir: string, temporary: string): Promise<LoadFiles> {
    const loads = await readDocuments(runFolder(dir), (documents) => new LoadDocuments(documents).all())
    const tables = loads.flatMap(({ id, tables: loaded }) =>
      loaded.flatMap(({ table, position }) =>
        position === null ? [] : [[table, { prefix: loadPrefix(id, table), position }] as const],
      ),
    )
    const engine = await DuckEngine.open({ temporary: join(temporary, 'duckdb') })
    return new LoadFiles(dir, temporary, engine, new Map(tables))
  }

  close(): void {
    this.engine.close()
  }

  /** The rows of a source table as changes, by our own reader. */
  async changes(table: string): Promise<readonly Change[]> {
    const { engine, files } = this
    const changes: Change[] = []
    for (const { key, position } of await this.keys(table))
      for await (const change of readLoadRows(key, { engine, files, table, position })) changes.push(change)
    return changes
  }

  /** The same rows by a reader that shares no code with DuckDB, which wrote them, or with us. */
  async rows(table: string): Promise<readonly StoredRow[]> {
    const found = await this.keys(table)
    const read = found.map(async ({ key }) =>
      parquetReadObjects({
        file: new Uint8Array(await readFile(this.objects.path(key))).buffer,
        parsers,
        utf8: false,
      }),
    )
    return (await Promise.all(read)).flat()
  }

  /** Lands the files once more: the history files, and their rows read back. */
  async reland(
    table: Table,
    maskKey: Buffer,
  ): Promise<{ readonly bytes: Buffer; readonly rows: readonly Reading[] }> {
    const { engine, files } = this
    const source = table.source.table
    const sources = new Set(Object.entries(table.columns).map(([name, { from }]) => from ?? name))
    const made: Buffer[] = []
    for (const { key, position } of await this.keys(source)) {
      const deps = { engine, files, historyFiles: historyFiles([table]), key: maskKey }
      const file = await openLoadFile(key, source, sources, deps)
      try {
        const prepared = await file.prepare(table, { position, revision: 0 })
        const { files: history } = await prepared.finish(async () => undefined)
        for (const { path } of history) made.push(await readFile(path))
      } finally {
        await file.close()
      }
    }
    const rows = await Promise.all(made.map((file) => readWithHyparquet(file, table)))
    return { bytes: Buffer.concat(made), rows: rows.flat() }
  }

  private async keys(table: string) {
    const found = this.tables.get(table)
    if (found === undefined) return []
    const { prefix, position } = found
    const keys = await this.objects.list(`${prefix}/`)
    return keys.map((key) => ({ key, position }))
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const parsers: Partial<ParquetParsers> = {
  timestampFromMicroseconds: (micros) => ({ micros }),
  dateFromDays: (days) => ({ days }),
  stringFromBytes: (bytes) => decoder.decode(bytes),
}

/** Whether a stored value is what PostgreSQL says; `text` undoes the form that text has in the stream, by source type. */
export function isStored(value: unknown, { text }: Oracle, asText: (stored: string) => string): boolean {
  if (text === null || value === null || value === undefined) return text === null && value === null
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}` === text
  if (typeof value === 'string') return asText(value) === text
  if (typeof value === 'boolean') return (value ? 't' : 'f') === text
  if (typeof value === 'bigint') return String(value) === text
  if (typeof value === 'number') return numbersOf(text).has(bitsOf(value))
  if (typeof value === 'object' && 'days' in value) return dayOf(Number(value.days)) === text
  if (typeof value === 'object' && 'micros' in value)
    return instantsOf(BigInt(String(value.micros))).has(text)
  return false
}

/* The double, the float and the decimal of a number's text, each as hyparquet gives them. */
function numbersOf(text: string): ReadonlySet<string> {
  const scale = text.split('.')[1]?.length ?? 0
  const unscaled = Number(text.replace('.', '')) / 10 ** scale
  return new Set([Number(text), Math.fround(Number(text)), unscaled].map(bitsOf))
}

function dayOf(days: number): string {
  return new Date(days * 86_400_000).toISOString().slice(0, 10)
}

/* PostgreSQL's text of an instant, without a zone and in UTC. */
function instantsOf(micros: bigint): ReadonlySet<string> {
  const rest = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const seconds = new Date(Number((micros - rest) / 1000n)).toISOString().slice(0, 19).replace('T', ' ')
  const fraction = String(rest).padStart(6, '0').replace(/0+$/, '')
  const text = fraction === '' ? seconds : `${seconds}.${fraction}`
  return new Set([text, `${text}+00`])
}
