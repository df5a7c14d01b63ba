import * as z from 'zod'
import { type FailureCode, failures } from '../../core/failures.ts'
import type { Quarantine, QuarantineEntry } from '../../core/ports.ts'
import { FrameLog } from './frame-log.ts'

const code = z.custom<FailureCode>((value) => typeof value === 'string' && Object.hasOwn(failures, value))
const entryHeader = z.object({
  id: z.string(),
  stage: z.enum(['capture', 'format', 'landing']),
  table: z.string().nullable(),
  contract: z.string().nullable(),
  position: z.string().nullable(),
  reasons: z.array(z.object({ code, path: z.string(), message: z.string() })),
  encoding: z.enum(['json', 'base64']),
})
type EntryHeader = z.infer<typeof entryHeader>

/** Quarantine on a folder that only its owner can read. Keeps the guarantees of `Quarantine`. */
export class FolderQuarantine implements Quarantine {
  private readonly log: FrameLog<EntryHeader>
  private readonly ids: Set<string>
  private turn: Promise<void> = Promise.resolve()

  private constructor(log: FrameLog<EntryHeader>) {
    this.log = log
    this.ids = new Set(log.headers().map(({ id }) => id))
  }

  static async open(folder: string, mode: 'read' | 'write' = 'write'): Promise<FolderQuarantine> {
    return new FolderQuarantine(await FrameLog.open(folder, mode, (header) => entryHeader.parse(header)))
  }

  /* In turn: an entry that another call is writing is known only when it is durable. */
  put(entries: readonly QuarantineEntry[]): Promise<void> {
    const done = this.turn.then(() => this.write(entries))
    this.turn = done.catch(() => undefined)
    return done
  }

  private async write(entries: readonly QuarantineEntry[]): Promise<void> {
    const fresh = new Map(
      entries.flatMap((entry) => (this.ids.has(entry.id) ? [] : [[entry.id, entry] as const])),
    )
    await this.log.append(
      [...fresh.values()].map(({ payload, ...header }) => ({
        header: { ...header, reasons: [...header.reasons] },
        content: Buffer.from(payload),
      })),
    )
    for (const id of fresh.keys()) this.ids.add(id)
  }

  async *list(filter: { readonly table?: string } = {}): AsyncIterable<QuarantineEntry> {
    for (const [index, header] of this.log.headers().entries()) {
      if (filter.table !== undefined && header.table !== filter.table) continue
      const { content } = await this.log.read(index)
      yield { ...header, payload: content.toString('utf8') }
    }
  }

  /** Entries of each source table; those of no known table under ''. */
  countByTable(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { table } of this.log.headers()) counts.set(table ?? '', (counts.get(table ?? '') ?? 0) + 1)
    return counts
  }

  close(): Promise<void> {
    return this.log.close()
  }
}
