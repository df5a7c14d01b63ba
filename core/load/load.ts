import type { FailureCode } from '../failures/failures.ts'
import type { Position } from '../position.ts'
import { splitTableName } from '../source-table-name.ts'

/**
 * The life of a load, and of each table in it: `started` (waits its turn or its window) → `loading` (the source is read,
 * files land as they come) → `landed` (every file is history) → `audited` (the counts agree) → `complete` (its position is
 * the table's floor); or `failed` or `cancelled`, from which `resume` goes on.
 */
export const loadStates = [
  'started',
  'loading',
  'landed',
  'audited',
  'complete',
  'failed',
  'cancelled',
] as const
export type LoadState = (typeof loadStates)[number]

/** One landed file of a load, and what became of its rows. */
export interface LoadFile {
  readonly key: string
  readonly rows: number
  readonly bytes: number
  /** Of its bytes, in hex; left out where a task wrote it. */
  readonly sha256?: string | undefined
  /** `arrived` in the landing prefix, `landed` as history. */
  readonly state: 'arrived' | 'landed'
  /** Rows that each contract (`name vN`) took into history, and refused into quarantine. */
  readonly landed: Readonly<Record<string, number>>
  readonly refused: Readonly<Record<string, number>>
  /** The history files made of it. */
  readonly history: readonly string[]
}

export interface TableLoad {
  /** Source table. */
  readonly table: string
  readonly state: LoadState
  /** Of the source table; another one means that the table was made anew under its name. */
  readonly oid: number
  /** Where its rows rank: the snapshot that was read. Null before the reading began. */
  readonly position: Position | null
  /** The source's own estimate, for progress; null when it has none. */
  readonly estimatedRows: number | null
  /** Rows and bytes read so far. */
  readonly rows: number
  readonly bytes: number
  /** Whether the last row was read. */
  readonly isRead: boolean
  /** When whoever read it elsewhere was seen to be done, ISO 8601 UTC. */
  readonly readAt?: string | undefined
  readonly files: readonly LoadFile[]
  readonly failure: { readonly code: FailureCode | 'internal'; readonly message: string } | null
  /** ISO 8601 UTC. */
  readonly startedAt: string | null
  readonly endedAt: string | null
}

export interface Load {
  /** Also its folder: `landing/loads/<id>/`. */
  readonly id: string
  readonly startedAt: string
  /** Local times between which reading may begin, or null. */
  readonly window: string | null
  readonly tables: readonly TableLoad[]
  /** Which run was the newest of the task that reads it, before it was begun (`TaskLook`); where a task reads it. */
  readonly runBefore?: string | null | undefined
}

/**
 * What is known of every load.
 * Durability: a load is durable when `save` resolves. Duplicates: the last save of an id wins. Order: `all` by start.
 * Concurrency: one writer for each load. Limits: a load fits in memory: its tables and files, no rows.
 */
export interface LoadLedger {
  save(load: Load): Promise<void>
  all(): Promise<readonly Load[]>
}

/** The state of a whole load: that of the table which is least far; once all are over, failed when any is. */
export function loadState({ tables }: Load): LoadState {
  const states = tables.map(({ state }) => state)
  if (states.every(isOver)) {
    if (states.includes('failed')) return 'failed'
    return states.includes('cancelled') ? 'cancelled' : 'complete'
  }
  const least = loadStates.find((state) => states.includes(state)) ?? 'complete'
  /* Between two tables the load goes on. */
  return least === 'started' && states.some((state) => state !== 'started') ? 'loading' : least
}

/** Loads that failed, and are the newest of one of their tables; in the order they were given, by start. */
export function failedLoads(loads: readonly Load[]): readonly Load[] {
  const newest = new Map(loads.flatMap((load) => load.tables.map((one) => [one.table, load] as const)))
  return [...new Set(newest.values())].filter((load) => loadState(load) === 'failed')
}

export function isOver(state: LoadState): boolean {
  return state === 'complete' || state === 'failed' || state === 'cancelled'
}

/** Where the files of a table's load lie. Source names have more characters than keys may: those are written %xx with = for %. */
export function loadPrefix(load: string, sourceTable: string): string {
  const { schema, name } = splitTableName(sourceTable)
  return ['landing/loads', load, keySegment(schema), keySegment(name)].join('/')
}

function keySegment(name: string): string {
  return [...Buffer.from(name, 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte)
      return /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`
    })
    .join('')
}
