import { plural } from '../../core/amount-text.ts'
import type { MissingFile, RecoverySource } from '../../core/audit/recovery-source.ts'
import { namesOf, type RepairNames } from '../../core/audit/repair-names.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { RepairOutcome, RepairResult, RequestAnswer } from '../../core/operations/answers.ts'
import { pageOfKey } from '../../core/page.ts'
import { isDelivered } from '../../ingest/land/land-object.ts'
import { parseLoadFileName } from '../../ingest/land/load-file-name.ts'
import type { RepairParts } from './repair-parts.ts'

export interface RepairOptions {
  readonly isDryRun: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly done: number; readonly of: number }) => void
}

/* Of one request: so many pages are formatted well within the time of a function. */
const AT_ONCE = 50
const LOAD_FILES = 'landing/loads/'

/**
 * Has pages formatted and objects landed again, and for each file of history or of a load what it was made of. A file that
 * comes back under another name leaves the manifest, once what it was made of is on its way. Doing it twice changes no result.
 * A dry run says what would be done. What cannot come back is told with the reason, and does not keep the others. Throws
 * `function/failed` when a function has not time for one name, and what the parts throw.
 */
export async function repair(
  { pages, objects, files }: RepairNames,
  parts: RepairParts,
  options: RepairOptions,
): Promise<RepairResult> {
  const run = new Repair(parts, options, pages.length + objects.length + files.length)
  await run.objects(objects)
  await run.pages(pages)
  await run.files(files)
  return { isDryRun: options.isDryRun, repairs: run.outcomes }
}

/**
 * Repairs all that an audit names by `repairNamed`. An object that is landed brings the blocks of many pages: only what is
 * missing after it is made again.
 */
export async function repairMissing(
  audit: () => Promise<Parameters<typeof namesOf>[0]>,
  isDryRun: boolean,
  repairNamed: (names: RepairNames) => Promise<RepairResult>,
): Promise<RepairResult> {
  const all = namesOf(await audit())
  if (all.objects.length === 0 || isDryRun) return repairNamed(all)
  const landed = await repairNamed({ objects: all.objects, pages: [], files: [] })
  const others = await repairNamed({ ...namesOf(await audit()), objects: [] })
  return { ...others, repairs: [...landed.repairs, ...others.repairs] }
}

class Repair {
  readonly outcomes: RepairOutcome[] = []
  private readonly parts: RepairParts
  private readonly options: RepairOptions
  private readonly count: number

  constructor(parts: RepairParts, options: RepairOptions, count: number) {
    this.parts = parts
    this.options = options
    this.count = count
  }

  async objects(names: readonly string[]): Promise<void> {
    const { land, isHeld, pagesAside } = this.parts
    const delivered: string[] = []
    for (const name of names) {
      const pages = await pagesAside(name)
      if (pages !== undefined) {
        if (this.isOver()) this.leave(name)
        else await this.objectAside(name, pages)
      } else if (isDelivered(name)) delivered.push(name)
      /* Landing would take any other file for an object that cannot be read, and away from its place. */ else
        this.fail(name, 'it is no object of landing/changes/')
    }
    if (this.options.isDryRun) return this.plan(delivered, (name) => isHeld('object', name), 'landed again')
    const { failed, left, absent } = await this.ask(delivered, land, 'landed again')
    for (const name of absent)
      this.fail(name, 'nobody has it any more: `tidemark status --audit` names the pages of what is missing')
    for (const { name, code } of failed) this.fail(name, code)
    for (const name of left) this.leave(name)
  }

  async pages(names: readonly string[]): Promise<void> {
    const { format, isHeld } = this.parts
    if (this.options.isDryRun)
      return this.plan(
        names,
        (name) => isHeld('page', name),
        'formatted again',
        (name) => this.losePage(name),
      )
    const { failed, left, absent } = await this.ask(names, format, 'formatted again')
    for (const name of absent) await this.losePage(name)
    for (const { name, code } of failed)
      if (code === 'raw/corrupt') await this.losePage(name, code)
      else this.fail(name, code)
    for (const name of left) this.leave(name)
  }

  async files(names: readonly string[]): Promise<void> {
    for (const name of names)
      if (this.isOver()) this.leave(name)
      else if (name.startsWith(LOAD_FILES)) await this.loadFile(name)
      else await this.historyFile(name)
  }

  private async objectAside(name: string, pages: readonly string[]): Promise<void> {
    if (pages.length === 0)
      return this.fail(
        name,
        'it was set aside, and nobody knows its blocks: `tidemark status --audit` names what is missing',
      )
    const says = `it was set aside: ${plural(pages.length, 'page')} of it formatted again`
    if (this.options.isDryRun) return this.tell(name, 'planned', says)
    const trouble = await this.formatAll(pages)
    if (trouble !== undefined) return this.fail(name, trouble)
    await this.parts.own?.settled(name)
    this.tell(name, 'done', says)
  }

  private async loadFile(name: string): Promise<void> {
    const { own } = this.parts
    const { isDryRun } = this.options
    const { load, table } = parseLoadFileName(name) ?? {}
    if (load === undefined || table === undefined) return this.fail(name, 'it is no file of a load')
    if (own === undefined) return this.fail(name, `the load itself brings it: tidemark load resume ${load}`)
    const state = await own.landLoadFile(name, { isDryRun })
    switch (state) {
      case 'landed':
        return this.finish(name, 'landed again')
      case 'older':
        return this.finish(name, 'it is of an older load: no row of it counts')
      case 'unknown':
        return this.fail(name, 'no complete load knows such a file')
      case 'lost':
        return this.finish(name, isDryRun ? `${table} read again` : await own.readAgain(table))
    }
  }

  private async historyFile(name: string): Promise<void> {
    const { own, findRecoverySource, forget } = this.parts
    const found = await findRecoverySource(name)
    if (found === undefined) return this.fail(name, unknownFile(name))
    if (own !== undefined && found.isThere && (await own.isWhole(found)))
      return this.finish(name, 'it is what was written: nothing to do')
    const { source, day, table } = found
    if (source === undefined) return this.unmade(name, found)
    /* Pages come back in another file: rows of a damaged one would still be read. */
    const isInTheWay = found.isThere && source.kind === 'rows'
    if (isInTheWay && own === undefined) return this.fail(name, 'it is damaged: move it away, then repair it')
    const says = source.kind === 'object' ? `landed again from ${source.object}` : madeOf(source)
    if (this.options.isDryRun) return this.tell(name, 'planned', says)
    const trouble = await this.makeAgain(found, source)
    if (trouble === 'lost load' && own !== undefined && table !== undefined)
      return this.finish(name, `${await own.readAgain(table)}; when it is complete, repair it once more`)
    if (trouble !== undefined) return this.fail(name, trouble)
    if (isInTheWay) await own?.putAside(name)
    const isBack = source.kind === 'object' && (await findRecoverySource(name))?.isThere === true
    if (!isBack) await forget(day, name)
    this.finish(name, says)
  }

  /* Nothing is left of what it was made of. */
  private async unmade(name: string, found: MissingFile): Promise<void> {
    const { own, forget } = this.parts
    const { table, day, isThere } = found
    const load = `tidemark load start --tables ${table ?? '<table>'} --wait`
    if (own === undefined || !(await own.isOutranked(found))) {
      if (own === undefined || table === undefined)
        return this.fail(name, `nothing is left of what it was made of, load the table again: ${load}`)
      const says = 'nothing is left of what it was made of'
      if (this.options.isDryRun) return this.tell(name, 'planned', `${says}: ${table} read again`)
      return this.finish(
        name,
        `${says}: ${await own.readAgain(table)}; when it is complete, repair it once more`,
      )
    }
    const says = 'given up: the table was made anew since, and only an earlier state of it lacks these rows'
    if (this.options.isDryRun) return this.tell(name, 'planned', says)
    if (isThere) await own.putAside(name)
    await forget(day, name)
    this.finish(name, says)
  }

  /* Undefined when all of it is on its way. */
  private async makeAgain({ day }: MissingFile, source: RecoverySource): Promise<string | undefined> {
    const { own, land } = this.parts
    if (source.kind === 'object') {
      const { failed, absent } = await this.askAll([source.object], land)
      return failed[0]?.code ?? (absent.length > 0 ? 'the object that it was made of is gone' : undefined)
    }
    const trouble = await this.formatAll(source.pages)
    if (trouble !== undefined) return trouble
    for (const key of source.loadFiles) {
      if (this.isOver()) return STOPPED
      if ((await own?.landLoadFile(key, { isDryRun: false, only: day })) !== 'landed') return 'lost load'
    }
    return undefined
  }

  private async formatAll(pages: readonly string[]): Promise<string | undefined> {
    const { failed, absent, left } = await this.askAll(pages, this.parts.format)
    const lost = absent[0] ?? failed.find(({ code }) => code === 'raw/corrupt')?.name
    if (lost !== undefined)
      return `a page that it was made of is lost or damaged: tidemark repair --page '${lost}'`
    return failed[0]?.code ?? (left.length > 0 ? STOPPED : undefined)
  }

  private async losePage(name: string, code?: string): Promise<void> {
    const { own } = this.parts
    const table = pageOfKey(name)?.table
    if (table === undefined) return this.fail(name, 'it is no key of a page')
    if (own === undefined) {
      const why = code ?? 'nobody has it any more'
      return this.fail(name, `${why}, load the table again: tidemark load start --tables ${table} --wait`)
    }
    const { state, message } = await own.losePage(name, this.options.isDryRun)
    if (state === 'failed') this.fail(name, message)
    else this.finish(name, message)
  }

  private async plan(
    names: readonly string[],
    isThere: (name: string) => Promise<boolean>,
    says: string,
    lose: (name: string) => Promise<void> = async (name) => this.fail(name, 'nobody has it any more'),
  ): Promise<void> {
    for (const name of names)
      if (this.isOver()) this.leave(name)
      else if (await isThere(name)) this.tell(name, 'planned', says)
      else await lose(name)
  }

  private async ask(
    names: readonly string[],
    asked: RepairParts['format'],
    says: string,
  ): Promise<RequestAnswer> {
    return this.askAll(names, asked, (done) => {
      for (const name of done) this.tell(name, 'done', says)
    })
  }

  private async askAll(
    names: readonly string[],
    ask: RepairParts['format'],
    onDone: (names: readonly string[]) => void = () => undefined,
  ): Promise<RequestAnswer> {
    const done: string[] = []
    const absent: string[] = []
    const failed: { name: string; code: string }[] = []
    let left = names
    while (left.length > 0 && !this.isOver()) {
      const answer = await ask(left.slice(0, AT_ONCE))
      onDone(answer.done)
      done.push(...answer.done)
      absent.push(...answer.absent)
      failed.push(...answer.failed)
      if (!this.isOver() && answer.left.length >= Math.min(AT_ONCE, left.length))
        throw new PipelineError('function/failed', 'a function has not time enough for one name')
      left = [...answer.left, ...left.slice(AT_ONCE)]
    }
    return { done, absent, failed, left }
  }

  private isOver(): boolean {
    return this.options.signal?.aborted === true
  }

  private finish(name: string, message: string): void {
    this.tell(name, this.options.isDryRun ? 'planned' : 'done', message)
  }

  private fail(name: string, message: string): void {
    this.tell(name, 'failed', message)
  }

  private leave(name: string): void {
    this.tell(name, 'left', STOPPED)
  }

  private tell(name: string, state: RepairOutcome['state'], message: string): void {
    this.outcomes.push({ name, state, message })
    this.options.onProgress?.({ done: this.outcomes.length, of: this.count })
  }
}

const STOPPED = 'it was stopped: the same command goes on'

function madeOf({ pages, loadFiles }: Extract<RecoverySource, { readonly kind: 'rows' }>): string {
  const parts = [
    ...(pages.length > 0 ? [plural(pages.length, 'page')] : []),
    ...(loadFiles.length > 0 ? [plural(loadFiles.length, 'load file')] : []),
  ]
  return `made again of ${parts.join(' and ')}`
}

function unknownFile(name: string): string {
  return /_base\//.test(name)
    ? 'it is a file of base, which a compaction makes of history: `tidemark status --audit` has the command'
    : 'the ledger knows no such file'
}
