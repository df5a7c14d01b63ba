import { decodeBlockHeader } from '../../core/block.ts'
import type { Change } from '../../core/change.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { field, JsonNumber, type JsonObject, type JsonValue } from '../../core/json.ts'
import { decodePage, type Page } from '../../core/page.ts'
import { formatChanges, formatPage } from '../../formatters/format-page.ts'
import { routeOf, router } from '../../formatters/route.ts'
import { historyFiles } from '../../lake/history/history-file.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { readState } from '../../local/state/state-file.ts'
import { FolderRawStore } from '../../local/stores/folder-raw-store.ts'
import { type Reading, readWithHyparquet } from './lake-readers.ts'

/** Every page of the raw store of a run, in the order of its feed. */
export function readPages(dir: string): Promise<readonly Page[]> {
  return readState(runFolder(dir), async (state) => {
    const store = await FolderRawStore.in(state)
    const pages: Page[] = []
    for (let fed = await store.next(0); fed !== undefined; fed = await store.next(fed.offset))
      pages.push(fed.page)
    return pages
  })
}

export function changesOf(pages: readonly Page[], source: string): readonly Change[] {
  return pages.filter(({ table }) => table === source).flatMap((page) => [...decodePage(page)])
}

/**
 * PostgreSQL's text of a raw value, what DMS's forms do to it undone: `T` and `Z` of instants, the `\x` that bytes lack,
 * `true` and `false`. Undefined when the change did not bring it.
 */
export function rawText(image: JsonObject, name: string, sourceType: string): string | null | undefined {
  const value = field(image, name)
  return value === undefined || value === null ? value : plainText(textOf(value), sourceType)
}

/** PostgreSQL's text of what is text in the stream. */
export function plainText(text: string, sourceType: string): string {
  if (sourceType === 'bytea') return `\\x${text}`
  if (sourceType === 'timestamptz') return instantText(text, '+00')
  if (sourceType.startsWith('timestamp')) return instantText(text, '')
  return text
}

function textOf(value: JsonValue): string {
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (value instanceof JsonNumber) return value.text
  return Object.is(value, -0) ? '-0' : String(value)
}

function instantText(text: string, zone: string): string {
  const [, date, time, fraction = ''] = /^(.{10})T(.{8})(\.\d+)?Z$/.exec(text) ?? []
  if (date === undefined) return text
  return `${date} ${time}${fraction.replace(/\.?0+$/, '')}${zone}`
}

/** The lines that formatting the pages of one table gives, each block's header with its rows. */
export function formatAgain(pages: readonly Page[], table: Table, maskKey: Buffer): readonly Buffer[] {
  const route = router([table], maskKey)
  return pages
    .filter((page) => page.table === table.source.table)
    .flatMap((page) => formatPage(page, route(page.table), 32 << 20).blocks.map(({ text }) => text))
}

/** The lines that formatting changes of one table gives. */
export function formatChangesAgain(
  changes: readonly Change[],
  table: Table,
  maskKey: Buffer,
): readonly Buffer[] {
  const route = routeOf(table, maskKey)
  return formatChanges(changes, [route], { maxBlockBytes: 32 << 20, hasMarks: false }).blocks.map(
    ({ text }) => text,
  )
}

/** The rows of blocks, landed in one file in memory and read back. */
export async function reland(blocks: readonly Buffer[], table: Table): Promise<readonly Reading[]> {
  const file = historyFiles([table])(table.name, table.version)
  if (file === undefined || blocks.length === 0) return []
  for (const block of blocks) {
    const end = block.indexOf('\n')
    const header = decodeBlockHeader(block.subarray(0, end).toString())
    if (header !== undefined) file.add(header, block.subarray(end + 1))
  }
  return readWithHyparquet(Buffer.concat(file.finish().parts), table)
}
