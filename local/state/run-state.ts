import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { JsonDocument } from '../documents/json-document.ts'
import { readJsonFile } from '../documents/json-file.ts'

const load = z.object({
  /**
   * `waiting` until a load of the table is complete for the first time, `unloaded` when it was added without one and
   * none was asked for since; the load ledger has every load.
   */
  state: z.enum(['waiting', 'unloaded', 'complete']),
  /** Of the source table; another one means that the table was made anew under its name. */
  oid: z.number().int(),
  /** Rows of the newest complete load, and where they rank. */
  rows: z.number().int().nullable(),
  position: z.string().nullable(),
  /** Changes after the load were not sent, or may not have been: another one is due. `reason` is a drift operation, `at` when it was seen last. */
  stale: z.object({ reason: z.string(), at: z.string() }).optional(),
})

const runState = z.object({
  format: z.literal(2),
  source: z.object({
    /** Name of the source system in contracts. */
    name: z.string(),
    system: z.string(),
    database: z.string(),
    address: z.string(),
    isEmbedded: z.boolean(),
  }),
  slot: z.string(),
  publication: z.string(),
  /** `creating` from before the slot is made until its position is known. */
  slotState: z.enum(['none', 'creating', 'created']),
  epoch: z.number().int(),
  loads: z.record(z.string(), load),
  /** Tables that were added while the pipeline ran: they are followed whatever the patterns of a later start say. */
  added: z.array(z.string()).default([]),
})
export type RunStateData = z.infer<typeof runState>
export type LoadedTable = z.infer<typeof load>

/** The durable state of capture on one source: slot and loads. Every change is on disk when `update` resolves. */
export class RunState {
  private readonly file: JsonDocument
  private current: RunStateData

  /** `wholeBytes`: as `JsonDocument`. */
  constructor(path: string, current: RunStateData, wholeBytes?: number) {
    this.file = new JsonDocument(path, wholeBytes)
    this.current = current
  }

  /**
   * The state a folder was left in, or undefined. Throws `run/bad-folder` when it belongs to another source, slot or
   * publication than `expected`; one that was replaced may be a database of the same name on another server.
   */
  static async read(
    path: string,
    expected?: RunStateData,
    { isReplaced = false }: { readonly isReplaced?: boolean } = {},
  ): Promise<RunStateData | undefined> {
    const known = await readJsonFile(path, runState)
    if (known === undefined || expected === undefined) return known
    const { source, slot, publication } = known
    const isOther = source.system !== expected.source.system && !isReplaced
    if (isOther || source.database !== expected.source.database)
      throw new PipelineError(
        'run/bad-folder',
        `the folder holds the lake of ${source.address}, another database; if this server takes its place: --replaced`,
      )
    if (slot !== expected.slot || publication !== expected.publication)
      throw new PipelineError('run/bad-folder', `the folder reads slot ${slot}, publication ${publication}`)
    return known
  }

  get data(): RunStateData {
    return this.current
  }

  update(change: Partial<RunStateData>): Promise<void> {
    this.current = { ...this.current, ...change }
    return this.file.write(this.current)
  }

  /** Has a table loaded again; a load that began before does not count. A table that was added without a load has nothing to lose. */
  async markStale(table: string, reason: string, now: number): Promise<void> {
    const load = this.current.loads[table]
    if (load === undefined || load.state === 'unloaded') return
    await this.setLoad(table, { ...load, stale: { reason, at: new Date(now).toISOString() } })
  }

  setLoad(table: string, state: LoadedTable): Promise<void> {
    return this.setLoads({ [table]: state })
  }

  setLoads(loads: Readonly<Record<string, LoadedTable>>): Promise<void> {
    this.current = { ...this.current, loads: { ...this.current.loads, ...loads } }
    const edits = Object.entries(loads).map(([table, value]) => ({ at: ['loads', table], value }))
    return this.file.edit(this.current, edits)
  }

  close(): Promise<void> {
    return this.file.close()
  }
}
