import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import type { Change } from '../../../core/change.ts'
import { col, table } from '../../../core/contract/index.ts'
import type { LakeRow } from '../../../core/contract/language/lake-row.ts'
import type { CatalogEntry } from '../../../core/ports/catalog-entry.ts'
import { formatPosition } from '../../../core/position.ts'
import type { DuckEngine } from '../../../engine/duckdb/duck-engine.ts'
import type { Comparison, Difference } from '../../../engine/reconcile/compare/compare-table.ts'
import { type Unexplained, unexplained } from '../../../engine/reconcile/compare/explained.ts'
import { lakeRows } from '../../../engine/reconcile/lake/lake-rows.ts'
import { LakeSide } from '../../../engine/reconcile/lake/lake-side.ts'
import { quarantinedKeys } from '../../../engine/reconcile/lake/quarantined-keys.ts'
import { sourceColumns } from '../../../engine/reconcile/source/source-columns.ts'
import type { SourceLayout } from '../../../engine/reconcile/source/source-layout.ts'
import { formatChanges } from '../../../formatters/format-page.ts'
import { router } from '../../../formatters/route.ts'
import { rowCodec } from '../../../formatters/row-codec.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { MemoryQuarantine } from '../../ingest/memory-ports.ts'
import { landFiles, sourcesOf, writeBase } from '../../lake/sql/lake-with-base.ts'
import { keys } from './reconcile-fixture.ts'

const MASK = Buffer.alloc(32)
const SOURCE = 'public.letters'
/* Above every position of a story. */
const HIGHEST = formatPosition({ epoch: 2, lsn: 0n, ordinal: 0, step: 0 })
const LAYOUT: SourceLayout = {
  columns: new Map(
    [
      ['id', 'int4'],
      ['n', 'int4'],
      ['text', 'text'],
    ].map(([column = '', name = '']) => [column, { name, modifier: -1 }]),
  ),
  isPartitioned: false,
  isUtf8: true,
}

function letters(name: `h.${string}`) {
  return table({
    name,
    version: 1,
    owner: 'tests',
    description: 'Letters',
    unknownFields: 'drop',
    source: { system: 'tests', table: SOURCE },
    primaryKey: ['id'],
    columns: {
      id: col.integer('Key'),
      n: col.integer('Never negative', { min: 0 }),
      text: col.string('Large', { nullable: true }),
    },
  })
}

interface Row {
  readonly n: number
  readonly text: string | null
}

/** A change of a source, and the keys that it is of. */
export interface Sent {
  readonly change: Change
  readonly isAccepted: boolean
  readonly keys: readonly number[]
  /** The key that has a row by it and had none before. */
  readonly brings: number | undefined
}

/** What a source went through, and its rows at the end. */
export interface Story {
  readonly sent: readonly Sent[]
  readonly rows: ReadonlyMap<number, Row>
}

/** Keys of one group are moved to one another only. */
export const GROUPS = 6
const IN_GROUP = 3

export function groupOf(id: number): number {
  return Math.floor((id - 1) / IN_GROUP)
}

const step = fc.record({
  id: fc.integer({ min: 1, max: GROUPS * IN_GROUP }),
  /* Of the group of `id`. */
  to: fc.nat(IN_GROUP - 1),
  kind: fc.constantFrom('put' as const, 'put' as const, 'move' as const, 'delete' as const),
  sendsText: fc.boolean(),
  isRefused: fc.nat(3).map((one) => one === 0),
  n: fc.nat(9),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Changes of a few rows at the source, of which the contract refuses some. */
export const anyStory: fc.Arbitrary<Story> = fc
  .array(step, { minLength: 60, maxLength: 90, size: 'max' })
  .map(storyOf)

export function storyOf(steps: readonly Step[]): Story {
  const rows = new Map<number, Row>()
  const sent: Sent[] = []
  const position = () => formatPosition({ epoch: 1, lsn: BigInt(sent.length + 1), ordinal: 1, step: 0 })
  for (const { id, to, kind, sendsText, isRefused, n } of steps) {
    const other = groupOf(id) * IN_GROUP + to + 1
    const old = rows.get(id)
    const common = { table: SOURCE, position: position(), committedAt: null }
    if (kind === 'delete') {
      if (old === undefined) continue
      rows.delete(id)
      const change = { ...common, operation: 'delete', data: { id }, before: undefined } as const
      sent.push({ change, isAccepted: true, keys: [id], brings: undefined })
      continue
    }
    const isMove = kind === 'move' && old !== undefined && !rows.has(other)
    const now = isMove ? other : id
    const isTextSent = old === undefined || sendsText
    const row = {
      n: isRefused ? -1 - n : n,
      text: isTextSent ? `text ${sent.length}` : (old?.text ?? null),
    }
    if (isMove) rows.delete(id)
    rows.set(now, row)
    sent.push({
      change: {
        ...common,
        operation: old === undefined ? 'insert' : 'update',
        data: { id: now, n: row.n, ...(isTextSent ? { text: row.text } : {}) },
        before: isMove ? { id } : undefined,
      },
      isAccepted: !isRefused,
      keys: isMove ? [id, now] : [id],
      brings: isMove || old === undefined ? now : undefined,
    })
  }
  return { sent, rows }
}

/** Changes of a key that wait, of those after the last accepted one that meets a condition. */
export function waitingOf(
  { sent }: Story,
  id: number,
  isLast: (one: Sent) => boolean = () => true,
): readonly Sent[] {
  const own = sent.filter((one) => one.keys.includes(id))
  return own
    .slice(own.findLastIndex((one) => one.isAccepted && isLast(one)) + 1)
    .filter(({ isAccepted }) => !isAccepted)
}

/** Whether a change takes the row of a key away. */
export function removes({ change, brings }: Sent, id: number): boolean {
  return change.operation === 'delete' || (change.before !== undefined && brings !== id)
}

/** A lake that a story has reached; the changes before some place are in base, too. */
export interface StoryLake {
  readonly story: Story
  /** Unlike any other in the same folder. */
  readonly contract: ReturnType<typeof letters>
  readonly entry: CatalogEntry
}

export async function lakeOf(
  story: Story,
  folded: number,
  {
    engine,
    root,
    name,
  }: { readonly engine: DuckEngine; readonly root: string; readonly name: `h.${string}` },
): Promise<StoryLake> {
  const contract = letters(name)
  const codec = rowCodec(contract, MASK)
  const rowsOf = ({ change }: Sent): readonly LakeRow[] => {
    const formatted = codec.format(change)
    const mark = formatted.kind === 'rows' ? undefined : codec.mark(change)
    return formatted.kind === 'rows' ? formatted.rows : mark === undefined ? [] : [mark]
  }
  const parts = [story.sent.slice(0, folded), story.sent.slice(folded)]
  const days = parts.map((part) => part.flatMap(rowsOf))
  const { entry, files } = await landFiles(root, contract, days)
  const [first] = files
  const position = days[0]?.at(-1)?.[1]
  if (first === undefined || position === undefined) return { story, contract, entry }
  const sources = sourcesOf(entry, root)
  const below = `(SELECT * FROM ${sources.history} WHERE _position <= ${literal(position)})`
  const about = { build: 1, position, openSince: '2024-01-02', folded: [first] }
  const base = await writeBase(engine, root, entry, { ...sources, history: below, fresh: below }, about)
  return { story, contract, entry: { ...entry, base } }
}

export const damages = ['twice', 'altered', 'lost', 'risen'] as const
export type Damage = (typeof damages)[number]

/* Of the rows of one file what is there after some keys were damaged. */
function damaged(rows: string, damage: ReadonlyMap<number, Damage>, isBase: boolean): string {
  const having = (kind: Damage) => {
    const ids = [...damage].flatMap(([id, one]) => (one === kind ? [id] : []))
    return ids.length === 0 ? '-1' : ids.join(', ')
  }
  const isRow = `_op NOT IN ('delete', 'refused')`
  const left = `SELECT * REPLACE (CASE WHEN ${isRow} AND id IN (${having('altered')}) THEN n + 1000 ELSE n END AS n)
    FROM ${rows} WHERE NOT (${isRow} AND id IN (${having('lost')}))`
  if (!isBase) return left
  const more = `SELECT * REPLACE (r.id AS id, 5000 AS n, 'risen' AS text, CAST(NULL AS VARCHAR[]) AS _absent)
    FROM (SELECT * FROM ${rows} LIMIT 1) CROSS JOIN (SELECT unnest([${having('risen')}]) AS id) r WHERE r.id > 0`
  return `${left} UNION ALL BY NAME SELECT * FROM ${rows} WHERE id IN (${having('twice')}) UNION ALL BY NAME ${more}`
}

/** Rewrites the files of a lake. */
export async function damageFiles(
  { entry }: StoryLake,
  damage: ReadonlyMap<number, Damage>,
  { engine, root }: { readonly engine: DuckEngine; readonly root: string },
): Promise<void> {
  const base = entry.base?.parts.flatMap(({ files }) => files.map(({ key }) => key)) ?? []
  const history = await new FolderObjects(root).list(`${entry.table.location}/`)
  for (const key of [...base, ...history]) {
    const path = join(root, key)
    const rows = `read_parquet(${literal(path)}, hive_partitioning = false)`
    await engine.run(
      `COPY (${damaged(rows, damage, base.includes(key))}) TO ${literal(`${path}.new`)} (FORMAT parquet)`,
    )
    await rename(`${path}.new`, path)
  }
}

/** What a proof finds, and how many rows readers are shown of each key. */
export interface Seen {
  readonly differences: readonly Difference[]
  readonly found: Unexplained
  readonly shown: ReadonlyMap<number, number>
}

export async function look(
  { story, contract, entry }: StoryLake,
  { engine, root }: { readonly engine: DuckEngine; readonly root: string },
  refusedBy = contract.version,
): Promise<Seen> {
  const shown = new Map<number, { rows: number; position: string; values: string }>()
  const found = await engine.rows(
    `SELECT id, n, "text", _position FROM (${await lakeRows(engine, entry, root, HIGHEST)}) ORDER BY _position`,
  )
  for (const [id, n, text, position] of found)
    shown.set(Number(id), {
      rows: (shown.get(Number(id))?.rows ?? 0) + 1,
      position: String(position),
      values: JSON.stringify([n, text]),
    })
  const differences: Difference[] = []
  for (const id of new Set([...story.rows.keys(), ...shown.keys()])) {
    const row = story.rows.get(id)
    const { rows = 0, position = null, values } = shown.get(id) ?? {}
    const wanted = row === undefined ? undefined : JSON.stringify([row.n, row.text])
    if (rows < 2 && values === wanted) continue
    const kind = rows === 0 ? 'missing in the lake' : wanted === undefined ? 'not in the source' : 'different'
    differences.push({
      key: keyOf(id),
      kind,
      position,
      sourceRows: row === undefined ? 0 : 1,
      lakeRows: rows,
    })
  }
  const quarantine = new MemoryQuarantine()
  const changes = story.sent.map(({ change }) => change)
  const routes = router([{ ...contract, version: refusedBy }], MASK)(SOURCE)
  await quarantine.put(formatChanges(changes, routes, { maxBlockBytes: 1 << 20 }).refused)
  const side = await LakeSide.open(engine, {
    entry,
    root,
    asOf: HIGHEST,
    columns: sourceColumns(contract, LAYOUT, MASK),
  })
  const comparison: Comparison = {
    sourceRows: story.rows.size,
    lakeRows: found.length,
    differences,
    differenceCount: differences.length,
  }
  return {
    differences,
    found: await unexplained(comparison, await quarantinedKeys(quarantine, contract, MASK, HIGHEST), side),
    shown: new Map([...shown].map(([id, { rows }]) => [id, rows])),
  }
}

/** A key as the comparison writes it. */
export function keyOf(id: number): string {
  return keys(id).join('')
}
