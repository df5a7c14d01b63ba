import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import type { Base, CatalogEntry, Floor } from '../../../core/ports/catalog-entry.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import { baseSelect, tombstonesSelect } from '../../../lake/sql/base-select.ts'
import { type CurrentSources, currentSelect } from '../../../lake/sql/current-select.ts'
import { freshSelect, historySelect } from '../../../lake/sql/history-select.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { smallLake } from '../small-lake.ts'

const SYSTEM = ['_op', '_position', '_revision', '_committed_at', '_absent', '_extra']

/** A landed history: one file for each day from 2024-01-01 on. */
export interface LandedLake {
  readonly entry: CatalogEntry
  /** Keys of the files by the day they are of; undefined for a day without rows. */
  readonly files: readonly (string | undefined)[]
}

export function dayOf(index: number): string {
  return new Date(Date.UTC(2024, 0, 1 + index)).toISOString().slice(0, 10)
}

/** Brings lake rows into a lake of their own, one landed object and one day for each list. */
export async function landFiles(
  root: string,
  table: Table,
  files: readonly (readonly LakeRow[])[],
  floors: readonly Floor[] = [],
): Promise<LandedLake> {
  const lake = await smallLake(root)
  await lake.register(table)
  for (const [index, rows] of files.entries()) if (rows.length > 0) await lake.land(table, rows, dayOf(index))
  /* Truncates became floors by landing; completed loads are the run's to say. */
  for (const floor of floors)
    if (floor.reason === 'load') await lake.catalog.addFloor(table.source.table, floor)
  await lake.catalog.publishRevision(table.name, 1, 1)
  const [entry] = await lake.catalog.entries()
  if (entry === undefined) throw new Error('no entry')
  const keys = await lake.objects.list(entry.table.location)
  return { entry, files: files.map((_, index) => keys.find((key) => key.includes(dayOf(index)))) }
}

/** The relations of an entry, as a session has them. */
export function sourcesOf(entry: CatalogEntry, root: string): Required<CurrentSources> {
  return {
    history: `(${historySelect(entry, root)})`,
    fresh: `(${freshSelect(entry, root)})`,
    base: `(${baseSelect(entry, root)})`,
    tombstones: `(${tombstonesSelect(entry, root)})`,
  }
}

/** History rows of these files only. */
export function onlyFiles(
  entry: CatalogEntry,
  root: string,
  all: readonly string[],
  keep: readonly string[],
): string {
  const folded = all.filter((key) => !keep.includes(key))
  const base = { ...NO_BASE, openSince: '0001-01-01', folded }
  return `(${freshSelect({ ...entry, base }, root)})`
}

/** Writes base files of the state that the relations have, and of the marks in them; no partitions. */
export async function writeBase(
  engine: DuckEngine,
  root: string,
  entry: CatalogEntry,
  sources: CurrentSources,
  about: Pick<Base, 'build' | 'position' | 'openSince' | 'folded'>,
): Promise<Base> {
  const { table } = entry
  const folder = join(root, table.baseLocation)
  await mkdir(join(folder, 'deleted'), { recursive: true })
  const live = `${table.baseLocation}/${about.build}-1.parquet`
  const dead = `${table.baseLocation}/deleted/${about.build}-1.parquet`
  const columns = [...SYSTEM, ...table.columns.map(({ name }) => name)]
  const keys = table.columns.filter(({ contractColumn }) => table.primaryKey.includes(contractColumn))
  const state = `(SELECT * REPLACE (_lacking::VARCHAR[] AS _absent) FROM (${stateSelect(entry, sources)}))`
  const copy = async (key: string, select: string) => {
    await mkdir(dirname(join(root, key)), { recursive: true })
    await engine.run(`COPY (${select}) TO ${literal(join(root, key))}`)
  }
  const list = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ')
  await copy(live, `SELECT ${list(columns)} FROM ${state} WHERE _op <> 'delete'`)
  const deleted = `SELECT ${list([...SYSTEM, ...keys.map(({ name }) => name)])} FROM ${state} WHERE _op = 'delete'`
  await copy(
    dead,
    `${deleted} UNION ALL BY NAME ${marksSelect(
      entry,
      sources,
      keys.map(({ name }) => name),
    )}`,
  )
  const file = (key: string) => ({ key, rows: 0, bytes: 0 })
  return {
    ...about,
    historyFrom: null,
    parts: [{ values: {}, files: [file(live)] }],
    tombstones: [file(dead)],
    rows: 0,
  }
}

/* The whole state, deleted keys and those not known whole too, with the columns that base holds. */
function stateSelect(entry: CatalogEntry, sources: CurrentSources): string {
  return currentSelect(entry, sources, {
    withDeleted: true,
    withIncomplete: true,
    withPartitions: false,
    system: SYSTEM,
  })
}

/* The marks of refused changes that a base keeps: one row for each change of which nothing else is there. */
function marksSelect(
  { base, floors }: CatalogEntry,
  { history, fresh = history, tombstones = '' }: CurrentSources,
  keys: readonly string[],
): string {
  const columns = [...keys, '_position'].map((name) => `"${name}"`).join(', ')
  const relations = base === null ? [history] : [fresh, tombstones]
  const rows = relations.map((one) => `SELECT ${columns}, _op, _revision, _committed_at FROM ${one}`)
  return `SELECT ${columns}, 'refused' AS _op, max(_revision) AS _revision, max(_committed_at) AS _committed_at
FROM (${rows.join(' UNION ALL ')}) m
WHERE _op <> 'truncate' AND _position >= ${literal(floors.at(-1)?.position ?? '')}
GROUP BY ${columns} HAVING min(_op) = 'refused' AND max(_op) = 'refused'`
}

const NO_BASE: Base = {
  build: 0,
  position: '',
  openSince: '0001-01-01',
  historyFrom: null,
  folded: [],
  parts: [],
  tombstones: [],
  rows: 0,
}
