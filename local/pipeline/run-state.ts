import * as z from 'zod'
import { PipelineError } from '../../core/failures.ts'
import { loadPosition, type Position } from '../../core/position.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

const load = z.object({
  /** `loading` until COPY ended, `loaded` until its last row is queryable, `complete` when its position is the floor. */
  state: z.enum(['loading', 'loaded', 'complete']),
  lsn: z.string(),
  /** Pages of the raw store when the last row was captured. */
  pages: z.number().int().nullable(),
})

const runState = z.object({
  format: z.literal(1),
  source: z.object({
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
})
export type RunStateData = z.infer<typeof runState>
export type LoadState = z.infer<typeof load>

/** The durable state of capture on one source: slot and loads. Every change is on disk when `update` resolves. */
export class RunState {
  private readonly path: string
  private current: RunStateData
  private turn: Promise<void> = Promise.resolve()

  private constructor(path: string, current: RunStateData) {
    this.path = path
    this.current = current
  }

  static async read(path: string): Promise<RunState | undefined> {
    const data = await readJsonFile(path, runState)
    return data === undefined ? undefined : new RunState(path, data)
  }

  /** The state of a folder for this source, new or continued. Throws `run/bad-folder` when the folder belongs to another source. */
  static async open(path: string, fresh: RunStateData): Promise<RunState> {
    const known = await RunState.read(path)
    if (known === undefined) {
      const state = new RunState(path, fresh)
      await state.update({})
      return state
    }
    const { system, database } = known.data.source
    if (system !== fresh.source.system || database !== fresh.source.database)
      throw new PipelineError(
        'run/bad-folder',
        `the folder holds the lake of ${known.data.source.address}, another database`,
      )
    if (known.data.slot !== fresh.slot || known.data.publication !== fresh.publication)
      throw new PipelineError(
        'run/bad-folder',
        `the folder reads slot ${known.data.slot}, publication ${known.data.publication}`,
      )
    return known
  }

  get data(): RunStateData {
    return this.current
  }

  update(change: Partial<RunStateData>): Promise<void> {
    this.current = { ...this.current, ...change }
    const { current } = this
    const done = this.turn.then(() => writeJsonFile(this.path, current))
    this.turn = done.catch(() => undefined)
    return done
  }

  setLoad(table: string, state: LoadState): Promise<void> {
    return this.update({ loads: { ...this.current.loads, [table]: state } })
  }

  /** The position of the rows of a table's load; undefined when it never had one. */
  loadPositionOf(table: string): Position | undefined {
    const found = this.current.loads[table]
    return found === undefined ? undefined : loadPosition(this.current.epoch, BigInt(found.lsn))
  }
}
