import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock, Logger } from '../../core/ports/ports.ts'
import { type LandOrRejectDeps, landOrReject } from '../../ingest/land/land-or-reject.ts'
import type { FolderLedger } from '../ledger/folder-ledger.ts'
import type { FreshnessHistogram } from './freshness.ts'
import type { Meter } from './meter.ts'

export interface LandLoopDeps extends Omit<LandOrRejectDeps, 'areBlocksKnown' | 'observe'> {
  readonly ledger: LandOrRejectDeps['ledger'] & Pick<FolderLedger, 'mark' | 'caughtUp'>
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
    const { objects, now, freshness, meter, log } = this.deps
    await landOrReject(key, {
      ...this.deps,
      areBlocksKnown: true,
      observe: {
        landed: ({ files, commits, record }) => {
          const queryableAt = now()
          for (const { rows } of files) this.landedRows += rows
          for (const commit of commits) freshness.add(queryableAt - commit)
          meter?.landed(record.files)
        },
        rejected: ({ code }) => log.warn('land.refused', { code, key }),
      },
    })
    await objects.delete(key)
  }
}
