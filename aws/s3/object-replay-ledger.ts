import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'

const PREFIX = 'state/replays/'

const replayDocument = z.object({
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  /** Digest of the contract: a replay goes on only with the contract it began with. */
  contract: z.string(),
  revision: z.number().int().min(1),
  /** `leaving`: it is given up, and its files are being deleted. */
  state: z.enum(['running', 'complete', 'leaving', 'abandoned']),
  /** Day of the partition that its files are in. */
  ingestDate: z.string(),
  /** Key of the last page that is done. */
  after: z.string().nullable(),
  /** Of the first page: where it begins, and when its last change was committed, ISO 8601 UTC. */
  from: z.string().nullable(),
  since: z.string().nullable(),
  /** Pages that are done. */
  done: z.number().int(),
  changes: z.number().int(),
  rows: z.number().int(),
  refused: z.number().int(),
  /** Its files with the SHA-256 of what was written, and the positions of their pages. */
  files: z.array(
    z.object({
      ...{ key: z.string(), rows: z.number().int(), bytes: z.number().int(), sha256: z.string() },
      ...{ first: z.string(), last: z.string() },
    }),
  ),
  startedAt: z.string(),
})
/** How far a replay is. */
export type ReplayRecord = z.infer<typeof replayDocument>

/** The ledger of replays in a bucket: an object each, named by table, version and revision, replaced as a whole. */
export class ObjectReplayLedger {
  private readonly objects: Pick<ObjectStore, 'get' | 'put' | 'list'>

  constructor(objects: Pick<ObjectStore, 'get' | 'put' | 'list'>) {
    this.objects = objects
  }

  async replace(record: ReplayRecord): Promise<void> {
    const revision = String(record.revision).padStart(6, '0')
    const key = `${prefixOf(record.table, record.version)}${revision}.json`
    await this.objects.put(key, Buffer.from(JSON.stringify(record)))
  }

  /** The replays of a table version, by revision. Throws `objects/corrupt`. */
  async of(table: string, version: number): Promise<readonly ReplayRecord[]> {
    const records: ReplayRecord[] = []
    for (const key of await this.objects.list(prefixOf(table, version))) records.push(await this.read(key))
    return records.sort((left, right) => left.revision - right.revision)
  }

  private async read(key: string): Promise<ReplayRecord> {
    const content = await this.objects.get(key)
    try {
      return replayDocument.parse(JSON.parse(content.toString('utf8')))
    } catch (cause) {
      throw new PipelineError('objects/corrupt', key, { cause })
    }
  }
}

function prefixOf(table: string, version: number): string {
  return `${PREFIX}${table}.v${version}.r`
}
