import { setTimeout as sleep } from 'node:timers/promises'
import { count, plural } from '../../core/amount-text.ts'
import type { Load, TableLoad } from '../../core/load/load.ts'

const POLL_MS = 100
/* Of more tables than these the first is told by its name, then each tenth of them. */
const NAMED = 12

export interface LoadsAtStart {
  readonly loads: () => readonly Load[]
  /** How many tables are followed. */
  readonly tables: number
  /** Settles when nothing more is waited for. */
  readonly over: Promise<unknown>
}

/** Tells of tables as they become queryable, from the call on until `over`. */
export async function tellQueryable(
  { loads, tables, over }: LoadsAtStart,
  step: (text: string) => void,
): Promise<void> {
  const told = new Set(complete(loads()).map(({ key }) => key))
  const before = told.size
  let isOver = false
  const end = over
    .catch(() => undefined)
    .then(() => {
      isOver = true
    })
  for (let isLast = false; !isLast; ) {
    isLast = isOver
    for (const { key, table } of complete(loads())) {
      if (told.has(key)) continue
      told.add(key)
      const line = queryableLine(table, told.size - before, tables)
      if (line !== undefined) step(line)
    }
    if (!isLast) await Promise.race([sleep(POLL_MS), end])
  }
}

function complete(loads: readonly Load[]): readonly { readonly key: string; readonly table: TableLoad }[] {
  return loads.flatMap(({ id, tables }) =>
    tables
      .filter(({ state }) => state === 'complete')
      .map((table) => ({ key: `${id} ${table.table}`, table })),
  )
}

function queryableLine({ table, rows }: TableLoad, place: number, tables: number): string | undefined {
  if (place === 1 || tables <= NAMED) return `queryable: ${table}, ${plural(rows, 'row')}`
  const tenths = (done: number) => Math.floor((done * 10) / tables)
  return tenths(place) > tenths(place - 1)
    ? `queryable: ${count(place)} of ${plural(tables, 'table')}`
    : undefined
}
