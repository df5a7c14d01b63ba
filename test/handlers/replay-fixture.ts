import { join } from 'node:path'
import { ObjectDocuments } from '../../aws/s3/object-documents.ts'
import { contractDigest } from '../../core/contract/language/contract-digest.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { ReplayAnswer } from '../../core/operations/answers.ts'
import { decodePage, encodePages, type Page, type RawChange } from '../../core/page.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import { rowCodec } from '../../formatters/row-codec.ts'
import { replayEvent } from '../../handlers/land-load/replay-event.ts'
import { LambdaStage } from '../../handlers/runtime/lambda-stage.ts'
import { FolderFiles } from '../../local/stores/folder-files.ts'
import { ReplayDocuments } from '../../state/documents/replay-documents.ts'
import type { CompactFixture } from './compact-fixture.ts'

/** The process ends at this call, before it did its work or after it; nothing works from then on. */
export interface Crash {
  readonly at: number
  readonly isAfter: boolean
}

export interface Asked {
  readonly isDryRun?: boolean
  readonly after?: string | null
  readonly remainingMs?: number
  readonly crash?: Crash
  /** Awaited before each call, which are numbered from 1. */
  readonly onCall?: (call: number) => Promise<void>
}

/** What `land-load` replays from and into: pages in memory in the order of their keys, and the lake of a lab. */
export class ReplayFixture {
  readonly waiting = new Map<string, QuarantineEntry>()
  readonly manifest = new Set<string>()
  readonly lines: Readonly<Record<string, unknown>>[] = []
  readonly replays: ReplayDocuments
  /** How many calls the last request made. */
  calls = 0
  private pages: Page[] = []
  private readonly lake: CompactFixture
  private readonly folder: string
  private readonly key = new Uint8Array(32).fill(7)

  constructor(lake: CompactFixture, folder: string) {
    this.lake = lake
    this.folder = folder
    this.replays = new ReplayDocuments(new ObjectDocuments(lake.objects))
  }

  /** Captures changes, one page for each list, and lands what a contract makes of them at first. */
  async take(contract: Table, batches: readonly (readonly RawChange[])[], day: string): Promise<void> {
    const codec = rowCodec(contract, this.key)
    for (const batch of batches) {
      const sequence = String(this.pages.length)
      const made = await encodePages(contract.source.table, { shard: 's', sequence }, batch)
      this.pages = [...this.pages, ...made].sort((left, right) => (left.key < right.key ? -1 : 1))
      const rows = made.flatMap((page) =>
        [...decodePage(page)].flatMap((change) => {
          const outcome = codec.format(change)
          return outcome.kind === 'refused' ? [] : outcome.rows
        }),
      )
      if (rows.length > 0) await this.lake.land(contract, rows, day)
    }
  }

  /** The oldest pages are gone, as raw pages go. */
  expire(pages: number): void {
    this.pages = this.pages.slice(pages)
  }

  /** One call of the function. */
  async ask(table: Table, asked: Asked = {}): Promise<ReplayAnswer> {
    const { isDryRun = false, after = null, remainingMs = 900_000, crash, onCall } = asked
    let isDead = false
    this.calls = 0
    const watched = <P extends object>(port: P): P =>
      new Proxy(port, {
        get: (target, name) => {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function' || name === 'behind') return member
          return async (...given: readonly unknown[]) => {
            /* Its own number: others may be made before this one goes on. */
            this.calls += 1
            const call = this.calls
            if (!isDead) await onCall?.(call)
            const isHere = crash?.at === call
            if (isDead || (isHere && !crash.isAfter)) {
              isDead = true
              throw new Error('crash')
            }
            const result: unknown = await Reflect.apply(member, target, given)
            isDead ||= isHere
            if (isDead) throw new Error('crash')
            return result
          }
        },
      })
    const { objects, catalog, leases } = this.lake
    const bucket = watched(objects)
    const stage = new LambdaStage('land-load', {
      write: (line) => this.lines.push(JSON.parse(line)),
      now: () => this.lake.now,
    })
    let left = remainingMs
    /* Each look at the clock takes 30 seconds of what is given. */
    const getRemainingTimeInMillis = () => {
      left -= 30_000
      return left
    }
    const request = { table: table.name, version: table.version, contract: contractDigest(table) }
    const files = new FolderFiles(objects, join(this.folder, 'scratch'))
    return stage.run({ awsRequestId: 'r', getRemainingTimeInMillis }, () =>
      replayEvent(
        { ...request, isDryRun, after },
        {
          stage,
          tables: [table],
          maskKey: async () => this.key,
          objects: bucket,
          raw: { behind: (source, key) => this.behind(source, key) },
          quarantine: watched({ put: async (entries) => this.refuse(entries) }),
          catalog: watched({
            entry: (...given) => catalog.entry(...given),
            registerPartition: (...given) => catalog.registerPartition(...given),
            publishRevision: (...given) => catalog.publishRevision(...given),
          }),
          replays: new ReplayDocuments(new ObjectDocuments(bucket)),
          manifest: watched({
            replaceFiles: async ({ added, removed }) => {
              for (const { key } of added) this.manifest.add(key)
              for (const key of removed) this.manifest.delete(key)
            },
          }),
          lease: {
            take: async (name) => {
              if (leases.has(name)) return false
              leases.add(name)
              return true
            },
            release: async (name) => void leases.delete(name),
          },
          open: () => ({ read: (key) => files.read(key), close: async () => undefined }),
        },
      ),
    )
  }

  private async *behind(source: string, key: string | null): AsyncGenerator<Page> {
    const committedAt = Date.parse('2026-01-01T00:00:00Z')
    for (const page of [...this.pages])
      if (page.table === source && (key === null || page.key > key)) yield { ...page, committedAt }
  }

  private refuse(entries: readonly QuarantineEntry[]): void {
    for (const entry of entries) if (!this.waiting.has(entry.id)) this.waiting.set(entry.id, entry)
  }
}
