import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Clock, Ledger, Logger, Quarantine } from '../../core/ports/ports.ts'
import { type LandDeps, landObject } from '../../ingest/land/land-object.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FreshnessHistogram } from './freshness.ts'
import type { Meter } from './meter.ts'

export interface LandLoopDeps extends LandDeps {
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly ledger: Pick<Ledger, 'landed' | 'setAside'> & Pick<FolderLedger, 'mark' | 'caughtUp'>
  readonly log: Logger
  readonly now: Clock
  readonly freshness: FreshnessHistogram
  readonly meter?: Pick<Meter, 'landed'>
  /** Pages that are durable in landing or beyond. */
  readonly durablePages: () => number
  /** Told how many pages are queryable, after each round. */
  readonly landed: (pages: number) => Promise<void>
}

const ROUND_MS = 100

/** Lands delivered objects as they appear, as the land Lambda does on S3 events. */
export class LandLoop {
  private readonly deps: LandLoopDeps
  landedRows = 0

  constructor(deps: LandLoopDeps) {
    this.deps = deps
  }

  /** Runs until the signal. Throws what a store throws. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.round()
      await sleep(ROUND_MS, undefined, { signal }).catch(() => undefined)
    }
    await this.round()
  }

  private async round(): Promise<void> {
    const { objects, durablePages, landed, ledger } = this.deps
    /* Read before the list: what is durable by then is either landed already or in the list. */
    const mark = ledger.mark()
    const pages = durablePages()
    for (const key of await objects.list('landing/changes/')) await this.land(key)
    ledger.caughtUp(mark)
    await landed(pages)
  }

  private async land(key: string): Promise<void> {
    const { objects, now, freshness, ledger, meter } = this.deps
    try {
      const { files, commits, record } = await landObject(key, this.deps)
      const queryableAt = now()
      for (const { rows } of files) this.landedRows += rows
      for (const commit of commits) freshness.add(queryableAt - commit)
      await ledger.landed(record)
      meter?.landed(record.files)
      await objects.delete(key)
    } catch (error) {
      if (!(error instanceof PipelineError) || error.code !== 'landing/corrupt') throw error
      await this.setAside(key, error)
    }
  }

  private async setAside(key: string, error: PipelineError): Promise<void> {
    const { objects, quarantine, ledger, log } = this.deps
    log.warn('land.refused', { code: error.code, key })
    const aside = key.replace(/^landing\/changes\//, 'landing/rejected/')
    await objects.put(aside, await objects.get(key))
    const reason = { code: error.code, path: '', message: error.message }
    const payload = JSON.stringify({ object: aside })
    const whole = {
      table: null,
      contract: null,
      position: null,
      reasons: [reason],
      payload,
      encoding: 'json' as const,
    }
    await quarantine.put([{ id: `landing#${key}`, stage: 'landing', ...whole }])
    await ledger.setAside(key)
    await objects.delete(key)
  }
}
