import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { Mutex } from '../../core/mutex.ts'
import type { Documents } from '../../core/ports/documents.ts'

const KEY = 'run'

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
  added: z.array(z.string()),
})
export type RunStateData = z.infer<typeof runState>
export type LoadedTable = z.infer<typeof load>

/* As it is stored: loads are parts of the document, one for each table. */
const tableLoad = z.object({ table: z.string(), load })
type TableLoad = z.infer<typeof tableLoad>
const document = runState.extend({ loads: z.array(tableLoad) })

/**
 * The durable state of capture on one source: slot and loads; a document of the state file. Every change is on disk when
 * `update` resolves, and writes what it changes.
 */
export class RunState {
  private readonly documents: Documents
  private current: RunStateData
  private readonly writes = new Mutex()
  /** Loads as they are stored, and where each table's is: one that is the same object as before is not written again. */
  private parts: readonly TableLoad[] = []
  private readonly places = new Map<string, number>()

  constructor(documents: Documents, current: RunStateData) {
    this.documents = documents
    this.current = current
    this.place(current.loads)
  }

  /**
   * The state a folder was left in, or undefined. Throws `run/bad-folder` when it belongs to another source, slot or
   * publication than `expected`; one that was replaced may be a database of the same name on another server.
   */
  static async read(
    documents: Documents,
    expected?: RunStateData,
    { isReplaced = false }: { readonly isReplaced?: boolean } = {},
  ): Promise<RunStateData | undefined> {
    const found = await documents.get(KEY, document)
    if (found === undefined) return undefined
    const loads = Object.fromEntries(found.loads.map(({ table, load }) => [table, load]))
    if (expected !== undefined) refuseOther(found, expected, isReplaced)
    return { ...found, loads }
  }

  get data(): RunStateData {
    return this.current
  }

  update(change: Partial<RunStateData>): Promise<void> {
    this.current = { ...this.current, ...change }
    if (change.loads !== undefined) {
      this.parts = []
      this.places.clear()
      this.place(change.loads)
    }
    return this.save()
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
    this.place(loads)
    return this.save()
  }

  private place(loads: Readonly<Record<string, LoadedTable>>): void {
    const parts = this.parts.slice()
    for (const [table, load] of Object.entries(loads)) {
      const place = this.places.get(table) ?? parts.length
      this.places.set(table, place)
      parts[place] = { table, load }
    }
    this.parts = parts
  }

  /* Who waits for its turn writes what is newest then. */
  private save(): Promise<void> {
    return this.writes.run(() => this.documents.put(KEY, { ...this.current, loads: this.parts }, 'loads'))
  }
}

function refuseOther(
  { source, slot, publication }: Pick<RunStateData, 'source' | 'slot' | 'publication'>,
  expected: RunStateData,
  isReplaced: boolean,
): void {
  const isOther = source.system !== expected.source.system && !isReplaced
  if (isOther || source.database !== expected.source.database)
    throw new PipelineError(
      'run/bad-folder',
      `the folder holds the lake of ${source.address}, another database; if this server takes its place: --replaced`,
    )
  if (slot !== expected.slot || publication !== expected.publication)
    throw new PipelineError('run/bad-folder', `the folder reads slot ${slot}, publication ${publication}`)
}
