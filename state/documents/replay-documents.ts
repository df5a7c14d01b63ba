import * as z from 'zod'
import { tableVersionKey } from '../../core/contract/language/table-version.ts'
import type { Documents } from '../../core/ports/documents.ts'
import { readEach } from './read-each.ts'

/** What every replay is said to be; the state of one has more. */
export const replayFields = {
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  /** Digest of the contract: a replay goes on only with the contract it began with. */
  contract: z.string(),
  revision: z.number().int().min(1),
  /** Day of the partition that its files are in. */
  ingestDate: z.string(),
  changes: z.number().int(),
  rows: z.number().int(),
  refused: z.number().int(),
  startedAt: z.string(),
}

/** A file of a replay, with the SHA-256 of what was written. */
export const replayedFile = z.object({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string(),
})

type Replay = Readonly<Record<string, unknown>> & {
  readonly table: string
  readonly version: number
  readonly revision: number
}

/**
 * The ledger of replays as documents, one each, named by table, version and revision. `form` says what a machine, or AWS,
 * knows of one. Durability, concurrency: as `Documents`; a replay has one writer.
 */
export class ReplayDocuments<R extends Replay> {
  private readonly documents: Documents
  private readonly form: z.ZodType<R>

  constructor(documents: Documents, form: z.ZodType<R>) {
    this.documents = documents
    this.form = form
  }

  async replace(replay: R): Promise<void> {
    const revision = String(replay.revision).padStart(6, '0')
    await this.documents.put(`${prefixOf(replay.table, replay.version)}${revision}`, replay)
  }

  /** The replays of a table version, by revision. */
  of(table: string, version: number): Promise<readonly R[]> {
    return this.below(prefixOf(table, version))
  }

  /** Every replay, by revision. */
  all(): Promise<readonly R[]> {
    return this.below('replays/')
  }

  private async below(prefix: string): Promise<readonly R[]> {
    const found = await readEach(await this.documents.list(prefix), (key) =>
      this.documents.get(key, this.form),
    )
    return found.toSorted((one, other) => one.revision - other.revision)
  }
}

function prefixOf(table: string, version: number): string {
  return `replays/${tableVersionKey({ name: table, version })}.r`
}
