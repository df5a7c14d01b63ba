import type { Table, TableInput } from '@aws-sdk/client-glue'
import { domainsOf } from '../../core/contract/language/lake-table-name.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogTable } from '../../core/ports/catalog-entry.ts'
import type { ObjectStore } from '../../core/ports/ports.ts'
import {
  type CatalogChange,
  type CatalogObject,
  type FoundObject,
  planCatalog,
} from '../../glue/catalog-plan.ts'
import { defineView } from './define-view.ts'
import { lastView, objectOf, withLastView } from './definition-object.ts'
import { type EntryState, stateOf } from './entry-parameters.ts'
import type { GlueTables } from './glue-tables.ts'
import { glueName, tableInput } from './table-input.ts'

export interface DefinitionsSettings {
  readonly glue: GlueTables
  /** Before the name of each database: `dev_`. */
  readonly prefix: string
  /** Where the keys of the lake lie: `s3://bucket`. */
  readonly root: string
  /** For the manifests of bases. */
  readonly objects: Pick<ObjectStore, 'get'>
}

/** What would change in Glue, and the way to do it. */
export interface DefinitionsPlan {
  readonly changes: readonly CatalogChange[]
  /**
   * Does the changes, or some of them, in order. Throws `catalog/breaking` before the first one when one breaks and that is not allowed,
   * `catalog/changed` when Glue is not as it was planned; those before are done then, and a new plan has the rest.
   */
  apply(isBreakingAllowed: boolean, some?: readonly CatalogChange[]): Promise<void>
}

/** A table as Glue has it. */
interface Known {
  readonly database: string
  readonly glue: Table
  readonly state: EntryState | undefined
}

interface Definition {
  readonly object: CatalogObject
  readonly input: TableInput
}

/**
 * Compares the contracts with Glue: databases of their domains, the history table of each version, and the view of
 * current of the newest. Partitions and tables of base are the work of landing and compaction and are left alone.
 */
export async function planDefinitions(
  settings: DefinitionsSettings,
  tables: readonly CatalogTable[],
): Promise<DefinitionsPlan> {
  const { glue, prefix } = settings
  const names = domainsOf(tables).map((domain) => `${prefix}${domain}`)
  const databases: CatalogObject[] = []
  const known: Known[] = []
  for (const database of names) {
    if (await glue.hasDatabase(database)) databases.push(databaseObject(database))
    for (const table of await glue.list(database))
      known.push({ database, glue: table, state: stateOf(table.Name ?? '', table.Parameters) })
  }
  const definitions = await define(settings, tables, known)
  const wanted = new Set(definitions.map(({ object }) => idOf(object)))
  const found = known.flatMap((one) => foundObject(settings, one, wanted))
  const changes = planCatalog(
    [...names.map(databaseObject), ...definitions.map(({ object }) => object)],
    [...databases.map((now) => ({ now, last: now })), ...found],
  )
  return {
    changes,
    apply: (isAllowed, some = changes) => apply(glue, some, definitions, known, isAllowed),
  }
}

function databaseObject(database: string): CatalogObject {
  return { kind: 'database', database, name: '', columns: [], facts: {} }
}

function idOf({ database, name }: { readonly database: string; readonly name: string }): string {
  return `${database}.${name}`
}

function knownId({ database, glue }: Known): string {
  return idOf({ database, name: glue.Name ?? '' })
}

/* Tables first: a view reads them. */
async function define(
  settings: DefinitionsSettings,
  tables: readonly CatalogTable[],
  known: readonly Known[],
): Promise<readonly Definition[]> {
  const { prefix, root } = settings
  const byId = new Map(known.map((one) => [knownId(one), one]))
  const histories: Definition[] = []
  const newest = new Map<string, EntryState>()
  for (const table of tables) {
    const place = glueName(prefix, table)
    const before = byId.get(idOf({ database: place.database, name: place.table }))
    const state = { ...(before?.state ?? newState(table, known)), table }
    const input = tableInput(prefix, root, state, before?.glue)
    histories.push({ object: objectOf(place.database, input), input })
    if ((newest.get(table.name)?.table.version ?? 0) < table.version) newest.set(table.name, state)
  }
  const views: Definition[] = []
  for (const state of newest.values()) {
    const input = withLastView(await defineView(settings, state, new Set(byId.keys())))
    const { database } = glueName(prefix, state.table)
    views.push({ object: objectOf(database, input), input })
  }
  return [...histories, ...views]
}

/* A floor is the source's: a new version begins with those of its siblings. */
function newState(table: CatalogTable, known: readonly Known[]): EntryState {
  const siblings = known.flatMap(({ state }) => (state?.table.source === table.source ? [state] : []))
  const floors = new Map(siblings.flatMap((state) => state.floors.map((floor) => [floor.position, floor])))
  const sorted = [...floors.values()].sort((a, b) => (a.position < b.position ? -1 : 1))
  return { table, floors: sorted, revisions: [], base: null }
}

function foundObject(
  { prefix, root }: DefinitionsSettings,
  one: Known,
  wanted: ReadonlySet<string>,
): readonly FoundObject[] {
  const { database, glue, state } = one
  const now = objectOf(database, glue)
  if (state !== undefined) {
    const last = objectOf(database, tableInput(prefix, root, state, glue))
    return last.name === now.name ? [{ now, last }] : []
  }
  const last = lastView(now, glue)
  return last === null && !wanted.has(knownId(one)) ? [] : [{ now, last }]
}

async function apply(
  glue: GlueTables,
  changes: readonly CatalogChange[],
  definitions: readonly Definition[],
  known: readonly Known[],
  isBreakingAllowed: boolean,
): Promise<void> {
  const breaking = changes.filter((change) => change.class === 'breaking').map(idOf)
  if (breaking.length > 0 && !isBreakingAllowed)
    throw new PipelineError('catalog/breaking', `${breaking.join(', ')}; nothing was applied`)
  const inputs = new Map(definitions.map(({ object, input }) => [idOf(object), input]))
  const before = new Map(known.map((one) => [knownId(one), one.glue]))
  for (const change of changes) {
    const { action, database, name, kind } = change
    const input = inputs.get(idOf(change))
    const old = before.get(idOf(change))
    if (kind === 'database') await glue.makeDatabase(database)
    else if (action === 'delete') await glue.delete(database, name)
    else if (input !== undefined && old === undefined) await glue.create(database, input)
    else if (input !== undefined && old !== undefined) await glue.update(database, input, old)
  }
}
