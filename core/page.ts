import { promisify } from 'node:util'
import { deflateRaw, inflateRawSync } from 'node:zlib'
import { type Change, changeOf, type Operation } from './change.ts'
import { PipelineError } from './failures/failures.ts'
import { type JsonObject, parseJsonObject } from './json.ts'
import type { Position } from './position.ts'
import { MAX_ROW_JSON_BYTES } from './row-limit.ts'

/** A change as capture keeps it: its place and its text, the row not looked into. */
export interface RawChange {
  readonly operation: Operation
  readonly position: Position
  readonly committedAt: string | null
  /** JSON members `"data":{…}`, as the source wrote them, and perhaps `"before-image":{…}` or `"whole":true`; UTF-8. */
  readonly members: Buffer
}

/**
 * Consecutive changes of one source table in position order, compressed: the unit of the raw store.
 * It holds nothing that differs between two deliveries of the same changes.
 */
export interface Page {
  /** Unique name: table, positions, shard, first sequence, place in the batch. The same delivery gives the same key and bytes. */
  readonly key: string
  readonly table: string
  readonly firstPosition: Position
  readonly lastPosition: Position
  readonly changes: number
  /** When its last change was committed, epoch milliseconds; null for rows of a load. */
  readonly committedAt: number | null
  /** Raw deflate of one JSON line for each change. */
  readonly content: Buffer
}

/** A page without its content. */
export type PageHeader = Omit<Page, 'content'>

/** What the key of a page says of it. */
export type PageName = Omit<Page, 'content' | 'committedAt'>

const KEY =
  /^(.+?)#([0-9a-f]{4}-[0-9a-f]{16}-[0-9a-f]{10})#([0-9a-f]{4}-[0-9a-f]{16}-[0-9a-f]{10})#.*#(\d+)$/s

/** Undefined for a text that is no key of a page. */
export function pageOfKey(key: string): PageName | undefined {
  const [, table, firstPosition, lastPosition, changes] = KEY.exec(key) ?? []
  if (table === undefined || firstPosition === undefined || lastPosition === undefined) return undefined
  return { key, table, firstPosition, lastPosition, changes: Number(changes) }
}

/** Bounds of one page: bytes of text before compression. */
export interface PageLimits {
  readonly targetBytes: number
  readonly maxBytes: number
}

/** The head of a change stands beside its row. */
export const pageLimits: PageLimits = { targetBytes: 1 << 20, maxBytes: MAX_ROW_JSON_BYTES + 1024 }

const compress = promisify(deflateRaw)
/* Each further piece is another turn of the event loop, or another copy. */
const PIECE_BYTES = 128 << 10

/** Packs changes of one table, sorted by position, into pages of about `targetBytes`. Throws `capture/page-too-large` for one change beyond `maxBytes`. */
export async function encodePages(
  table: string,
  origin: { readonly shard: string; readonly sequence: string },
  changes: readonly RawChange[],
  limits: PageLimits = pageLimits,
): Promise<readonly Page[]> {
  const pages: Promise<Page>[] = []
  let openings: string[] = []
  let held: RawChange[] = []
  let bytes = 0
  const close = () => {
    const lines = { openings, changes: held, bytes }
    if (held.length > 0) pages.push(encodePage(table, { ...origin, place: pages.length }, lines))
    openings = []
    held = []
    bytes = 0
  }
  for (const change of changes) {
    const head = headOf(change)
    const size = head.length + change.members.length + END.length
    if (size > limits.maxBytes)
      throw new PipelineError(
        'capture/page-too-large',
        `${table}: one change of ${size} bytes, limit ${limits.maxBytes}`,
      )
    if (bytes + size > limits.targetBytes) close()
    openings.push(head)
    held.push(change)
    bytes += size
  }
  close()
  return Promise.all(pages)
}

async function encodePage(
  table: string,
  { shard, sequence, place }: { readonly shard: string; readonly sequence: string; readonly place: number },
  { openings, changes, bytes }: Lines,
): Promise<Page> {
  const firstPosition = changes[0]?.position ?? ''
  const lastPosition = changes.at(-1)?.position ?? ''
  const text = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const [index, { members }] of changes.entries())
    at = writeLine(text, at, openings[index] ?? '', members)
  const content = await compress(text, { level: 1, chunkSize: PIECE_BYTES })
  /* The place tells apart the pages that one load fills: all its rows have one position. */
  const key = `${table}#${firstPosition}#${lastPosition}#${shard}#${sequence}#${place}#${changes.length}`
  const last = changes.at(-1)?.committedAt ?? null
  const committedAt = last === null ? null : Date.parse(last)
  return { key, table, firstPosition, lastPosition, changes: changes.length, committedAt, content }
}

interface Lines {
  readonly openings: readonly string[]
  readonly changes: readonly RawChange[]
  readonly bytes: number
}

const END = '}\n'

/** A change as JSON on one line. */
export function encodeChange(change: RawChange): string {
  return `${headOf(change)}${change.members.toString('utf8')}${END}`
}

/* ASCII: a commit time is one. */
function headOf({ operation, position, committedAt }: RawChange): string {
  const time = committedAt === null ? 'null' : `"${committedAt}"`
  return `{"operation":"${operation}","position":"${position}","committed-at":${time},`
}

function writeLine(into: Buffer, start: number, head: string, members: Buffer): number {
  let at = start + into.write(head, start, 'latin1')
  at += members.copy(into, at)
  return at + into.write(END, at, 'latin1')
}

/** The lines of a page, as one text in UTF-8. Throws `raw/corrupt`. */
export function pageText({ key, content }: Page, limits: PageLimits = pageLimits): Buffer {
  try {
    const maxOutputLength = limits.maxBytes + limits.targetBytes
    return inflateRawSync(content, { maxOutputLength, chunkSize: PIECE_BYTES })
  } catch (cause) {
    throw new PipelineError('raw/corrupt', `page ${key}: cannot be inflated`, { cause })
  }
}

/** The changes of a page, parsed one by one as they are asked for. Throws `raw/corrupt` when the page is not what `encodePages` wrote. */
export function* decodePage(page: Page, limits: PageLimits = pageLimits): Generator<Change> {
  const text = pageText(page, limits).toString('utf8')
  let start = 0
  let changes = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    yield decodeLine(page, text.slice(start, end))
    start = end + 1
    changes += 1
  }
  if (start !== text.length || changes !== page.changes) throw otherChanges(page)
}

/** `raw/corrupt` of a page that has not the changes that its name says. */
export function otherChanges({ key, changes }: PageHeader): PipelineError {
  return new PipelineError('raw/corrupt', `page ${key}: holds other than its ${changes} changes`)
}

/** The change of a line, every value as the source wrote it. Throws `raw/corrupt`. */
export function decodeLine(page: PageHeader, line: string): Change {
  let members: JsonObject
  try {
    members = parseJsonObject(line)
  } catch (cause) {
    throw new PipelineError('raw/corrupt', `page ${page.key}: a line is not JSON`, { cause })
  }
  const change = changeOf(page.table, members)
  if (change === undefined) throw new PipelineError('raw/corrupt', `page ${page.key}: a line is not a change`)
  return change
}
