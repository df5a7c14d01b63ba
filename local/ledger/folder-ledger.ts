import { join } from 'node:path'
import { PipelineError } from '../../core/failures/failures.ts'
import {
  blockId,
  type Feed,
  type FilteredRecords,
  type LandedObject,
  type LedgerLine,
  type LoadFileRecord,
  type ManifestChange,
  type ManifestDay,
  type ManifestFile,
  type NamedBlock,
  type PageRecord,
  type ReplayedPages,
} from '../../core/ledger/ledger.ts'
import { type Balance, type BalanceOf, balancesOf, type Progress } from '../../core/ledger/ledger-balance.ts'
import { LedgerBook } from '../../core/ledger/ledger-book.ts'
import type { Ledger } from '../../core/ports/ports.ts'
import { makeFolder } from '../../engine/files/durable.ts'
import { FeedTally } from './feed-tally.ts'
import { dropJournal, Journal } from './journal.ts'
import { Manifest } from './manifest.ts'
import { journalsIn, readBooks, writeBooks } from './stored-books.ts'

export interface FolderLedgerOptions {
  readonly feed: Feed
  /** Pages that format is done with, by its checkpoint. */
  readonly formatted: number
  readonly mode?: 'read' | 'write'
  /** The journal is folded into the books beyond this many bytes. */
  readonly journalBytes?: number
}

/** What was written down when a round of landing began: at its end it has had its time. */
export interface LedgerMark {
  readonly formatted: number
  readonly redriven: readonly string[]
}

const JOURNAL_BYTES = 4 << 20
const READ_ATTEMPTS = 20

/**
 * The ledger of a folder: the books, replaced as a whole, a journal of what came since, and a manifest of history files
 * for each table and day. Keeps the guarantees of `Ledger`. Memory: the books and the files of one journal.
 */
export class FolderLedger implements Ledger {
  private readonly folder: string
  private readonly options: FolderLedgerOptions
  private readonly manifest: Manifest
  readonly book: LedgerBook
  private readonly tally: FeedTally
  private journal: Journal
  private number: number
  /** Of this journal. */
  private fileChanges: ManifestChange[] = []
  private filtered: FilteredRecords = { control: {}, bookkeeping: 0 }
  private progress: Progress
  private turn: Promise<unknown> = Promise.resolve()

  private constructor(
    folder: string,
    options: FolderLedgerOptions,
    parts: { readonly book: LedgerBook; readonly journal: Journal; readonly number: number },
  ) {
    this.folder = folder
    this.options = options
    this.manifest = new Manifest(join(folder, 'files'))
    this.book = parts.book
    this.journal = parts.journal
    this.number = parts.number
    this.tally = new FeedTally(options.feed, parts.book.since)
    this.progress = { formatted: options.formatted, landed: 0, overdue: new Set() }
  }

  /**
   * Opens the ledger of a folder. Where there is none it begins at the checkpoint: it cannot vouch for what was before.
   * Throws `ledger/corrupt` for damage that no crash explains.
   */
  static async open(folder: string, options: FolderLedgerOptions): Promise<FolderLedger> {
    const { feed, formatted, mode = 'write' } = options
    if (mode === 'read') return FolderLedger.openBeside(folder, options)
    await makeFolder(folder)
    const stored = await readBooks(folder)
    const journals = await journalsIn(folder)
    if (stored === undefined) {
      if (journals.some((number) => number > 1) || (journals.length > 0 && (await hasLines(folder))))
        throw new PipelineError('ledger/corrupt', `${folder} has a journal and no books`)
      /* The journal first: books whose journal is not there have lost it. */
      await (await Journal.open(folder, 1, 'write')).close()
      await writeBooks(folder, 1, LedgerBook.begin(feed, formatted))
      return FolderLedger.open(folder, options)
    }
    refuseLost(folder, stored.journal, journals)
    for (const number of journals) if (number !== stored.journal) await dropJournal(folder, number)
    const journal = await Journal.open(folder, stored.journal, 'write')
    const book = new LedgerBook(feed, stored.book)
    const ledger = new FolderLedger(folder, options, { book, journal, number: stored.journal })
    try {
      await ledger.replay()
    } catch (error) {
      await journal.close()
      throw error
    }
    return ledger
  }

  /* Beside the process that writes: books and journal belong together when the books are the same before and after. */
  private static async openBeside(folder: string, options: FolderLedgerOptions): Promise<FolderLedger> {
    for (let attempt = 1; ; attempt += 1) {
      const stored = await readBooks(folder)
      const number = stored?.journal ?? 1
      const isSame = async () => (await readBooks(folder))?.journal === stored?.journal
      let journal: Journal | undefined
      try {
        if (stored !== undefined) refuseLost(folder, number, await journalsIn(folder))
        journal = await Journal.open(folder, number, 'read')
        const book =
          stored === undefined
            ? LedgerBook.begin(options.feed, options.formatted)
            : new LedgerBook(options.feed, stored.book)
        const ledger = new FolderLedger(folder, options, { book, journal, number })
        await ledger.replay()
        if (await isSame()) return ledger
      } catch (error) {
        if ((await isSame()) || attempt === READ_ATTEMPTS) throw error
      } finally {
        await journal?.close()
      }
      if (attempt === READ_ATTEMPTS)
        throw new PipelineError('ledger/unavailable', 'the ledger is folded again and again')
    }
  }

  delivered(object: string, blocks: readonly NamedBlock[]): Promise<void> {
    return blocks.length === 0 ? Promise.resolve() : this.write({ kind: 'delivered', object, blocks })
  }

  formatted(pages: readonly PageRecord[]): Promise<void> {
    return pages.length === 0 ? Promise.resolve() : this.write({ kind: 'formatted', pages })
  }

  redriven(blocks: readonly NamedBlock[]): Promise<void> {
    return blocks.length === 0 ? Promise.resolve() : this.write({ kind: 'redriven', blocks })
  }

  landed(object: LandedObject): Promise<void> {
    return this.write({ kind: 'landed', ...object })
  }

  setAside(object: string): Promise<void> {
    return this.write({ kind: 'aside', object })
  }

  replayed(pages: ReplayedPages): Promise<void> {
    return this.write({ kind: 'replayed', ...pages })
  }

  recordLoadFile(file: LoadFileRecord): Promise<void> {
    return this.write({ kind: 'load', ...file })
  }

  replaceFiles(change: ManifestChange): Promise<void> {
    return this.write({ kind: 'files', ...change })
  }

  /** Counts records that are no changes. They are written down with the next line; a crash may forget the last ones. */
  noteFiltered(control: string | null, bookkeeping: number): void {
    const { filtered } = this
    const more = control === null ? {} : { [control]: (filtered.control[control] ?? 0) + 1 }
    this.filtered = {
      control: { ...filtered.control, ...more },
      bookkeeping: filtered.bookkeeping + bookkeeping,
    }
  }

  /** Format will not read the first `pages` pages again: its checkpoint is on disk. */
  settled(pages: number): void {
    this.progress = { ...this.progress, formatted: Math.max(this.progress.formatted, pages) }
    this.book.fold(this.progress.formatted)
  }

  /** To be taken before landing lists its objects. */
  mark(): LedgerMark {
    return { formatted: this.progress.formatted, redriven: [...this.book.redrives()].map(blockId) }
  }

  /** Everything of the mark has had its time to land. */
  caughtUp({ formatted, redriven }: LedgerMark): void {
    const landed = Math.max(this.progress.landed, formatted)
    const waiting = new Set([...this.book.redrives()].map(blockId))
    const overdue = new Set([...redriven, ...this.progress.overdue].filter((id) => waiting.has(id)))
    this.progress = { ...this.progress, landed, overdue }
  }

  /** Every change of the page is accounted for, and it has become a sum. */
  isBalanced(page: string): boolean {
    const place = this.options.feed.placeOf(page)
    return place !== undefined && this.book.folded.has(place)
  }

  get stages(): Progress {
    return this.progress
  }

  /** Reads no file: what the books say now. Asked for many tables, `balances` looks through what is open once. */
  balance(of: BalanceOf): Balance {
    return this.balances()(of)
  }

  balances(): (of: BalanceOf) => Balance {
    const { feed } = this.options
    return balancesOf(this.book, {
      ...{ feed, progress: this.progress, totals: (source) => this.tally.of(source) },
    })
  }

  /** Table versions and days that have or had history files. */
  async days(): Promise<readonly ManifestDay[]> {
    const days = new Map<string, ManifestDay>()
    for (const { table, version, day } of [...(await this.manifest.days()), ...this.fileChanges])
      days.set(`${table}.v${version}/${day}`, { table, version, day })
    return [...days.values()]
  }

  files(day: ManifestDay): Promise<readonly ManifestFile[]> {
    return this.manifest.files(day, this.fileChanges)
  }

  /** Writes down what was only counted, and closes the files. */
  async close(): Promise<void> {
    if (this.options.mode !== 'read') await this.write()
    await this.turn
    await this.journal.close()
  }

  private async replay(): Promise<void> {
    for await (const line of this.journal.lines()) this.take(line)
    this.book.fold(this.progress.formatted)
  }

  /* In turn: the books know a line only when it is on disk. */
  private write(line?: LedgerLine): Promise<void> {
    const done = this.turn.then(async () => {
      const { filtered } = this
      const isCounted = filtered.bookkeeping > 0 || Object.keys(filtered.control).length > 0
      const lines: LedgerLine[] = line === undefined ? [] : [line]
      if (isCounted) lines.push({ kind: 'filtered', ...filtered })
      if (lines.length === 0) return
      if (isCounted) this.filtered = { control: {}, bookkeeping: 0 }
      await this.journal.append(lines)
      for (const one of lines) this.take(one)
      this.book.fold(this.progress.formatted)
      if (this.journal.bytes > (this.options.journalBytes ?? JOURNAL_BYTES)) await this.rotate()
    })
    this.turn = done.catch(() => undefined)
    return done
  }

  private take(line: LedgerLine): void {
    this.book.apply(line)
    if (line.kind === 'files') this.fileChanges.push(line)
    if (line.kind === 'landed' || line.kind === 'load') this.fileChanges.push(...line.files)
  }

  /* Manifest, books, then the new journal: cut off between them, the lines of the old journal are taken twice. */
  private async rotate(): Promise<void> {
    const { folder, number, journal } = this
    await this.manifest.append(this.fileChanges)
    const next = await Journal.open(folder, number + 1, 'write')
    await writeBooks(folder, number + 1, this.book)
    this.journal = next
    this.number = number + 1
    this.fileChanges = []
    await journal.close()
    await dropJournal(folder, number)
  }
}

/* What came since the books were stored is nowhere else. */
function refuseLost(folder: string, journal: number, journals: readonly number[]): void {
  if (!journals.includes(journal))
    throw new PipelineError('ledger/corrupt', `${folder}: journal ${journal} is missing`)
}

async function hasLines(folder: string): Promise<boolean> {
  const journal = await Journal.open(folder, 1, 'write')
  try {
    return !(await journal.lines()[Symbol.asyncIterator]().next()).done
  } finally {
    await journal.close()
  }
}
