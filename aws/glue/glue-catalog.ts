import { isDeepStrictEqual } from 'node:util'
import { type Table, UpdateTableCommand } from '@aws-sdk/client-glue'
import { domainsOf } from '../../core/contract/language/lake-table-name.ts'
import { printTableVersion, type TableVersion } from '../../core/contract/language/table-version.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { Mutex } from '../../core/mutex.ts'
import {
  type Base,
  type CatalogEntry,
  type CatalogTable,
  type Floor,
  notInCatalog,
} from '../../core/ports/catalog-entry.ts'
import type { Catalog, ObjectStore } from '../../core/ports/ports.ts'
import { asFailure, callAws, isNamed } from '../calls/call-aws.ts'
import { Attempts } from '../calls/retry.ts'
import { deleteManifests, readManifest, writeManifest } from './base-manifest.ts'
import { dropBaseTables, makeBaseTables } from './base-tables.ts'
import { type EntryState, stateOf } from './entry-parameters.ts'
import {
  createTable,
  findTable,
  type GlueAccess,
  glueCall,
  listPartitions,
  listTables,
  makeDatabase,
} from './glue-database.ts'
import { createPartitions, deletePartitions } from './partition-batches.ts'
import { refreshView } from './refresh-view.ts'
import { glueName, partitionInput, tableInput } from './table-input.ts'

export interface GlueCatalogSettings extends GlueAccess {
  /** Before the name of each database: `dev_`. */
  readonly prefix: string
  /** Domains of the contracts: what stands before the dot of a table's name. */
  readonly domains: readonly string[]
  /** Where the keys of the lake lie: `s3://bucket`. */
  readonly root: string
  /** For the manifests of bases. */
  readonly objects: ObjectStore
}

/** A Glue table, whose version the next update must find. */
interface Known {
  readonly glue: Table
  readonly state: EntryState
}

/**
 * The catalog in Glue: a table for the history of each version, floors, revisions and the pointer to the base in its
 * parameters, ingest days as its partitions (docs/adr/0025); the view of current follows each change of these. Keeps the guarantees of `Catalog`; a call that concerns
 * several versions shows in each of them whole, one after the other. Writers anywhere exclude each other by VersionId.
 */
export class GlueCatalog implements Catalog {
  private readonly settings: GlueCatalogSettings
  /* Writers of one process wait for each other: they would only make each other repeat. */
  private readonly changes = new Mutex()

  constructor(settings: GlueCatalogSettings) {
    this.settings = settings
  }

  registerTables(tables: readonly CatalogTable[]): Promise<void> {
    return this.changes.run(async () => {
      const domains = domainsOf(tables)
      for (const domain of domains) {
        if (!this.settings.domains.includes(domain))
          throw new RangeError(`${domain} is no domain of the catalog`)
        await makeDatabase(this.settings, `${this.settings.prefix}${domain}`)
      }
      for (const table of tables) await this.register(table)
    })
  }

  async registerPartition(table: string, version: number, ingestDate: string): Promise<void> {
    const { state } = await this.known(table, version)
    const place = glueName(this.settings.prefix, state.table)
    await createPartitions(this.settings, place, [
      partitionInput(this.settings.root, state.table, ingestDate),
    ])
  }

  async dropPartitions(table: string, version: number, ingestDates: readonly string[]): Promise<void> {
    const { state } = await this.known(table, version)
    const days = [...new Set(ingestDates)].map((day) => [day])
    await deletePartitions(this.settings, glueName(this.settings.prefix, state.table), days)
  }

  addFloor(sourceTable: string, floor: Floor): Promise<void> {
    return this.changes.run(async () => {
      const readers = (await this.states()).filter(({ state }) => state.table.source === sourceTable)
      for (const { state } of readers) await this.edit(state.table, (now) => withFloors(now, [floor]))
      for (const name of new Set(readers.map(({ state }) => state.table.name)))
        await refreshView(this.settings, name)
    })
  }

  publishRevision(table: string, version: number, revision: number): Promise<void> {
    return this.changes.run(async () => {
      await this.edit({ name: table, version }, (now) =>
        now.revisions.includes(revision)
          ? now
          : { ...now, revisions: [...now.revisions, revision].sort((a, b) => a - b) },
      )
      await refreshView(this.settings, table)
    })
  }

  publishBase(table: string, version: number, base: Base, before: number | null): Promise<void> {
    return this.changes.run(async () => {
      const { state } = await this.known(table, version)
      if (state.base?.build !== base.build) await this.showBase(state.table, base, before)
      await refreshView(this.settings, table)
      /* Queries of views before may still run. */
      const oldest = await dropBaseTables(this.settings, state.table, base.build)
      await deleteManifests(this.settings.objects, state.table, oldest)
    })
  }

  /** Brings the view of a table to its state, where a writer was cut off before it did. */
  refreshView(table: string): Promise<void> {
    return this.changes.run(() => refreshView(this.settings, table))
  }

  private async showBase({ name, version }: CatalogTable, base: Base, before: number | null): Promise<void> {
    const confirm = async () => {
      const { state } = await this.known(name, version)
      const build = state.base?.build ?? null
      if (build !== before) throw conflict(name, version, build)
      return state.table
    }
    const table = await confirm()
    await makeBaseTables(this.settings, table, base, async () => {
      await confirm()
    })
    const pointer = await writeManifest(this.settings.objects, table, base)
    await this.edit(table, (now) => {
      const build = now.base?.build ?? null
      if (build === base.build) return now
      if (build !== before) throw conflict(name, version, build)
      return { ...now, base: pointer }
    })
  }

  /*
   * Days are read before states: a compaction publishes its base, then drops the days in it, so who still sees a day may
   * see it twice, which changes nothing, but nobody misses one.
   */
  async entries(): Promise<readonly CatalogEntry[]> {
    const days = new Map<string, readonly string[]>()
    for (const { state } of await this.states()) {
      const { database, table } = glueName(this.settings.prefix, state.table)
      days.set(`${database}.${table}`, await this.days(database, table))
    }
    const entries: CatalogEntry[] = []
    for (const { state } of await this.states()) {
      const { database, table } = glueName(this.settings.prefix, state.table)
      const partitions = days.get(`${database}.${table}`)
      if (partitions === undefined) continue
      const base = state.base === null ? null : await readManifest(this.settings.objects, state.base)
      entries.push({ ...state, partitions, base })
    }
    return entries
  }

  /** Every version of every table, by name and version. */
  async tables(): Promise<readonly CatalogTable[]> {
    return (await this.states()).map(({ state }) => state.table)
  }

  /** One entry of `entries`, with the same order of reading. Throws `lake/unreadable`. */
  async entry(name: string, version: number): Promise<CatalogEntry> {
    const { database, table } = glueName(this.settings.prefix, (await this.known(name, version)).state.table)
    const partitions = await this.days(database, table)
    const { state } = await this.known(name, version)
    const base = state.base === null ? null : await readManifest(this.settings.objects, state.base)
    return { ...state, partitions, base }
  }

  private async days(database: string, table: string): Promise<readonly string[]> {
    return (await listPartitions(this.settings, database, table)).flatMap(([day]) => day ?? [])
  }

  private async register(table: CatalogTable): Promise<void> {
    const { database, table: name } = glueName(this.settings.prefix, table)
    if ((await findTable(this.settings, database, name)) === undefined) {
      const state = { table, floors: [], revisions: [], base: null }
      const TableInput = tableInput(this.settings.prefix, this.settings.root, state)
      await createTable(this.settings, database, TableInput)
    }
    /* A floor is the source's. Siblings are read when the table is there: a floor added meanwhile reaches it either way. */
    const siblings = (await this.states()).filter(({ state }) => state.table.source === table.source)
    const floors = siblings.flatMap(({ state }) => state.floors)
    await this.edit(table, (now) => withFloors({ ...now, table }, floors))
  }

  /** Every table of ours, by name and version. */
  private async states(): Promise<readonly Known[]> {
    const known: Known[] = []
    for (const domain of this.settings.domains)
      for (const glue of await listTables(this.settings, `${this.settings.prefix}${domain}`)) {
        const state = stateOf(glue.Name ?? '', glue.Parameters)
        if (state !== undefined) known.push({ glue, state })
      }
    return known.sort(
      ({ state: { table: left } }, { state: { table: right } }) =>
        (left.name < right.name ? -1 : left.name > right.name ? 1 : 0) || left.version - right.version,
    )
  }

  private async known(name: string, version: number): Promise<Known> {
    const place = glueName(this.settings.prefix, { name, version })
    const glue = await findTable(this.settings, place.database, place.table)
    const state = glue === undefined ? undefined : stateOf(place.table, glue.Parameters)
    if (glue === undefined || state === undefined) throw notInCatalog({ name, version })
    return { glue, state }
  }

  /* Reads, changes, writes if nobody wrote meanwhile, or does all three again. */
  private async edit(
    { name, version }: TableVersion,
    change: (now: EntryState) => EntryState,
  ): Promise<void> {
    const { prefix, root, client, retry } = this.settings
    /* A conflict is another writer's success, so it may come more often than a failure. */
    const attempts = new Attempts({ ...retry, attempts: retry.attempts * 4 })
    for (;;) {
      const { glue, state } = await this.known(name, version)
      const after = change(state)
      if (isDeepStrictEqual(after, state)) return
      const command = new UpdateTableCommand({
        DatabaseName: glueName(prefix, state.table).database,
        TableInput: tableInput(prefix, root, after, glue),
        SkipArchive: true,
        ...(glue.VersionId === undefined ? {} : { VersionId: glue.VersionId }),
      })
      /* A repetition after a lost answer finds a newer version: ours, which the next reading shows. */
      const isWritten = await callAws(glueCall, retry, async (abortSignal) => {
        try {
          await client.send(command, { abortSignal })
          return true
        } catch (error) {
          if (isNamed(error, 'ConcurrentModificationException')) return false
          throw error
        }
      })
      if (isWritten) return
      if (!(await attempts.again())) throw asFailure(glueCall, undefined)
    }
  }
}

function conflict(name: string, version: number, build: number | null): PipelineError {
  return new PipelineError(
    'lake/conflict',
    `${printTableVersion({ name, version })}: build ${build} was published since`,
  )
}

function withFloors(state: EntryState, added: readonly Floor[]): EntryState {
  const floors = new Map([...added, ...state.floors].map((floor) => [floor.position, floor]))
  const sorted = [...floors.values()].sort((a, b) => (a.position < b.position ? -1 : 1))
  return { ...state, floors: sorted }
}
