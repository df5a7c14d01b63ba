import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, loadState } from '../../core/load/load.ts'
import type { TaskTable } from '../../core/load/load-task.ts'
import { loadPosition } from '../../core/position.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { type AdvanceLoadDeps, advanceLoad } from '../../ingest/loads/advance-load.ts'
import type { FileResult } from '../../ingest/loads/advance-table.ts'
import { arrivedFile } from '../../ingest/loads/audit-table.ts'
import { cancelledLoad } from '../../ingest/loads/list-of-loads.ts'
import type { OpenParts } from '../../local/loads/held-parts.ts'
import { LoadRunner } from '../../local/loads/load-runner.ts'
import { loadDriverContract } from './load-driver.contract.ts'
import { keyOf, type LoadWorld, TABLE } from './load-world.ts'

const corrupt = { code: 'landing/corrupt', message: 'no Parquet' } as const
const source: SourceTable = {
  schema: 'w',
  name: 'shops',
  oid: 7,
  isPartitioned: false,
  columns: [],
  key: [],
  replicaIdentity: 'default',
}

/* A process that reads the table itself, file by file, and lands them. */
function copying(world: LoadWorld): OpenParts['parts'] {
  return {
    epoch: 1,
    objects: { list: () => world.list(), delete: (key) => world.call(() => void world.present.delete(key)) },
    makeRoom: () => Promise.resolve(),
    openSnapshot: () =>
      world.call(() => {
        world.now += 1_000
        return {
          lsn: BigInt(world.now),
          snapshotName: 's',
          begunAt: world.now,
          close: () => Promise.resolve(),
        }
      }),
    read: async (_, { onRows, onFile }) => {
      let rows = 0
      for (const [index, file] of world.files.entries()) {
        await world.call(() => world.present.add(keyOf(index)))
        rows += file.rows
        onRows(rows, rows)
        onFile({ key: keyOf(index), rows: file.rows, bytes: file.rows })
      }
      if (!world.isReadable) throw new PipelineError('source/privilege', 'cannot read w.shops')
      return { rows: world.rows }
    },
    land: ({ key }) =>
      world.call(() => {
        const landing = world.landing(world.files.findIndex((_, index) => keyOf(index) === key))
        if (landing === undefined) throw new PipelineError(corrupt.code, corrupt.message)
        const { key: _, ...landed } = landing
        return landed
      }),
    rowsIn: (history) => world.rowsIn(history),
    catalog: { addFloor: (_, { position }) => world.addFloor(position) },
    settle: () => world.call(() => undefined),
  }
}

function runnerOf(world: LoadWorld, onOver: () => void): Promise<LoadRunner> {
  return LoadRunner.open({
    ledger: { all: () => Promise.resolve([world.saved]), save: (load) => world.save(load) },
    sources: () => [source],
    open: () => Promise.resolve({ parts: copying(world), close: () => undefined }),
    estimate: () => Promise.resolve(new Map()),
    describe: () => Promise.resolve(source),
    isRequired: () => false,
    onOver,
    waits: { retryMs: [], awayMs: [] },
    log: { info: () => undefined, warn: () => undefined },
    now: () => world.now,
  })
}

loadDriverContract('a process that copies', {
  isExact: true,
  unreadable: 'source/privilege',
  go: async (world) => {
    if (isOver(loadState(world.saved))) return
    const abort = new AbortController()
    const runner = await runnerOf(world, () => abort.abort())
    await runner.run(abort.signal).catch((error: unknown) => {
      if (!world.isDead) throw error
    })
  },
  cancel: async (world) => {
    await (await runnerOf(world, () => undefined)).cancel(world.saved.id)
  },
})

/* Looks, a minute each: a load of three files, and the half hour that landing has. */
const MOST_LOOKS = 60

/* A task, and the landing of what it writes: a file is there, landed, the next one, until all are read; then the task ends. */
class Task {
  private readonly world: LoadWorld
  private readonly results = new Map<string, FileResult>()
  private happened = 0
  private isBegun = false

  constructor(world: LoadWorld) {
    this.world = world
  }

  happen(): void {
    if (!this.isBegun) return
    const { present, files } = this.world
    const index = Math.floor(this.happened / 2)
    const key = keyOf(index)
    if (index < files.length && this.happened % 2 === 0) present.add(key)
    if (index < files.length && this.happened % 2 === 1) {
      const landing = this.world.landing(index)
      if (landing === undefined) present.delete(key)
      this.results.set(
        key,
        landing === undefined
          ? { file: arrivedFile(key), failure: corrupt }
          : { file: { bytes: 9, state: 'landed', ...landing } },
      )
    }
    this.happened += 1
  }

  deps(): AdvanceLoadDeps {
    const { world } = this
    const isOver = () => this.happened > 2 * world.files.length
    const read = (): TaskTable => {
      if (!isOver()) return { state: 'waiting', rows: 1, readAt: null }
      if (!world.isReadable) return { state: 'failed', rows: 1, readAt: null }
      return { state: 'read', rows: world.rows, readAt: 'run 1, the end' }
    }
    return {
      task: {
        begin: () => world.call(() => void Object.assign(this, { isBegun: true })),
        look: () =>
          world.call(() => ({
            isBusy: this.isBegun && !isOver(),
            run: this.isBegun ? 'run 1' : null,
            reason: 'it is stopped',
            load: this.isBegun ? 'l1' : null,
            isFinished: this.isBegun && isOver(),
          })),
        tables: () => world.call(() => new Map([[TABLE, read()]])),
        stop: () => world.call(() => undefined),
      },
      objects: { list: () => world.list() },
      results: () => world.call(() => [...this.results.values()]),
      place: () => world.call(() => loadPosition(0, BigInt(world.now))),
      catalog: { addFloor: (_, { position }) => world.addFloor(position) },
      tidy: () => world.call(() => undefined),
      isFree: true,
      save: (load) => world.save(load),
      now: () => world.now,
    }
  }
}

const tasks = new WeakMap<LoadWorld, Task>()

loadDriverContract('a function that looks at a task', {
  isExact: false,
  unreadable: 'load/not-read',
  go: async (world) => {
    const task = tasks.get(world) ?? new Task(world)
    tasks.set(world, task)
    for (let looks = 0; looks < MOST_LOOKS && !isOver(loadState(world.saved)) && !world.isDead; looks += 1) {
      await advanceLoad(world.saved, task.deps()).catch((error: unknown) => {
        if (!world.isDead) throw error
      })
      task.happen()
      world.now += 60_000
    }
  },
  cancel: async (world) => {
    if (!isOver(loadState(world.saved))) await world.save(cancelledLoad(world.saved, world.now))
  },
})
