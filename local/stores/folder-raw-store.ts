import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Feed } from '../../core/ledger/ledger.ts'
import type { Page, PageHeader, PageName } from '../../core/page.ts'
import type { PositionRange, RawStore } from '../../core/ports/ports.ts'
import type { Position } from '../../core/position.ts'
import { damageText, FrameLog } from '../logs/frame-log.ts'

const pageHeader = z.object({
  key: z.string(),
  table: z.string(),
  firstPosition: z.string(),
  lastPosition: z.string(),
  changes: z.number().int(),
  committedAt: z.number().nullable().default(null),
})

/**
 * The raw store on a folder: pages in a frame log, in the order they came, which is also the feed of format
 * (DynamoDB Streams on AWS). Keeps the guarantees of `RawStore`. Memory: about 700 bytes for each page (up to 1 MiB of
 * changes) that the folder holds.
 */
export class FolderRawStore implements RawStore, Feed {
  private readonly log: FrameLog<PageHeader>
  /** Place of each page in the feed. */
  private readonly places: Map<string, number>
  private readonly changes = new Map<string, number>()
  private highest: Position | undefined
  private waiting: (() => void)[] = []
  private turn: Promise<void> = Promise.resolve()

  private constructor(log: FrameLog<PageHeader>) {
    this.log = log
    this.places = new Map(log.headers().map(({ key }, place) => [key, place]))
    for (const header of log.headers()) this.count(header)
  }

  static async open(folder: string, mode: 'read' | 'write' = 'write'): Promise<FolderRawStore> {
    const parse = (header: unknown) => pageHeader.parse(header)
    try {
      return new FolderRawStore(await FrameLog.open(folder, mode, parse))
    } catch (cause) {
      /* The system's own errors have a code; damage has none. */
      const isSystem = cause instanceof Error && 'code' in cause
      if (isSystem)
        throw new PipelineError('raw/unavailable', `raw store ${folder} cannot be opened`, { cause })
      throw new PipelineError('raw/corrupt', damageText(cause), { cause })
    }
  }

  /* In turn: a page that another call is writing is known only when it is durable. */
  put(pages: readonly Page[]): Promise<void> {
    const done = this.turn.then(() => this.write(pages))
    this.turn = done.catch(() => undefined)
    return done
  }

  private async write(pages: readonly Page[]): Promise<void> {
    const fresh = new Map(
      pages.flatMap((page) => (this.places.has(page.key) ? [] : [[page.key, page] as const])),
    )
    const first = this.log.length
    try {
      await this.log.append([...fresh.values()].map(({ content, ...header }) => ({ header, content })))
    } catch (cause) {
      throw new PipelineError('raw/unavailable', 'the raw store cannot be written', { cause })
    }
    for (const [offset, page] of [...fresh.values()].entries()) {
      this.places.set(page.key, first + offset)
      this.count(page)
    }
    for (const wake of this.waiting.splice(0)) wake()
  }

  private count({ table, changes, lastPosition }: PageName): void {
    this.changes.set(table, (this.changes.get(table) ?? 0) + changes)
    if (lastPosition > (this.highest ?? '')) this.highest = lastPosition
  }

  /** The highest position of any table; undefined before the first page. */
  get newest(): Position | undefined {
    return this.highest
  }

  /** Numbers of a table's pages that overlap the range, in position order, of the first `before` pages of the feed. */
  pagesOf(table: string, range: PositionRange = {}, before: number = this.length): readonly number[] {
    const { from = '', to = '~' } = range
    return this.log
      .headers()
      .slice(0, before)
      .flatMap((header, index) => (header.table === table ? [{ header, index }] : []))
      .filter(({ header }) => header.lastPosition >= from && header.firstPosition <= to)
      .sort(
        (left, right) =>
          compare(left.header.firstPosition, right.header.firstPosition) || left.index - right.index,
      )
      .map(({ index }) => index)
  }

  async *list(table: string, range: PositionRange = {}): AsyncIterable<Page> {
    for (const index of this.pagesOf(table, range)) yield await this.page(index)
  }

  async *behind(table: string, key: string | null, range: PositionRange = {}): AsyncGenerator<Page> {
    const keys = this.pagesOf(table, range).flatMap((index) => this.log.header(index)?.key ?? [])
    for (const found of keys.sort()) {
      const index = this.places.get(found)
      if (index !== undefined && (key === null || found > key)) yield await this.page(index)
    }
  }

  async *heads(table: string, { from = '', to = '~' }: PositionRange = {}): AsyncGenerator<PageHeader> {
    yield* this.log
      .headers()
      .filter(({ table: own, firstPosition: at }) => own === table && at >= from && at <= to)
      .sort((left, right) => compare(left.key, right.key))
  }

  /** Pages so far; page numbers are places in the feed, from 0. */
  get length(): number {
    return this.log.length
  }

  /** What the page at a place says of itself, without its content; undefined beyond the end. */
  header(place: number): PageHeader | undefined {
    return this.log.header(place)
  }

  placeOf(page: string): number | undefined {
    return this.places.get(page)
  }

  /** The page at a place in the feed. Throws `raw/corrupt` when the disk gives other bytes than were written. */
  async page(index: number): Promise<Page> {
    try {
      const { header, content } = await this.log.read(index)
      return { ...header, content }
    } catch (cause) {
      throw new PipelineError('raw/corrupt', `page ${index} of the raw store`, { cause })
    }
  }

  /** Reads every page. Gives the places of those that are not what was written, and the file of each. */
  damaged(): AsyncIterable<{ readonly index: number; readonly file: string }> {
    return this.log.damaged()
  }

  /** Changes captured of each source table; a redelivered change counts again. */
  changesByTable(): ReadonlyMap<string, number> {
    return this.changes
  }

  /** Resolves at the next `put`, or when the signal ends the wait. */
  grown(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      signal.addEventListener('abort', wake, { once: true })
      this.waiting.push(wake)
    })
  }

  close(): Promise<void> {
    return this.log.close()
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
