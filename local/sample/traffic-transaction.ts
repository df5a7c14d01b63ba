import type pg from 'pg'
import type { Dice } from './dice.ts'
import type { Lane } from './traffic-lane.ts'
import type { ActionName, ChangeKind, Tally } from './traffic-report.ts'

export type Value = string | number | bigint | null | readonly string[]

/** What an action sees: statements that count themselves, in one transaction of one lane. */
export interface Transaction {
  readonly lane: Lane
  readonly dice: Dice
  /** How many rows a set-based statement should touch. */
  readonly rows: number
  insert(sql: string, values: readonly Value[]): Promise<number>
  update(sql: string, values: readonly Value[]): Promise<number>
  delete(sql: string, values: readonly Value[]): Promise<number>
  /** The first column as text: 64-bit ids and dates stay what they are. */
  select(sql: string, values: readonly Value[]): Promise<readonly string[]>
  /** Does the work and takes it back to a savepoint. */
  undone(work: () => Promise<void>): Promise<void>
}

export type Outcome = 'commit' | 'rollback'

/** `weight` is how often it is drawn, against the others; 0 for those that have their own time. */
export interface Action {
  readonly weight: number
  run(tx: Transaction): Promise<Outcome>
}

/** An action that always commits. */
export function committed(weight: number, work: (tx: Transaction) => Promise<unknown>): Action {
  return {
    weight,
    run: async (tx) => {
      await work(tx)
      return 'commit'
    },
  }
}

interface Work {
  readonly name: ActionName
  readonly action: Action
  readonly lane: Lane
  readonly dice: Dice
  readonly rows: number
}

/** Runs one action as one transaction and counts it. Returns the row changes that it cost, kept or not. */
export async function runTransaction(client: pg.Client, work: Work, tally: Tally): Promise<number> {
  const { lane, dice, rows } = work
  const done: Record<ChangeKind, number> = { insert: 0, update: 0, delete: 0 }
  let undoneChanges = 0
  const query = async (sql: string, values: readonly Value[]) =>
    client.query<string[]>({ text: sql, values: [...values], rowMode: 'array', types: asText })
  const change = (kind: ChangeKind) => async (sql: string, values: readonly Value[]) => {
    const count = (await query(sql, values)).rowCount ?? 0
    done[kind] += count
    return count
  }
  const tx: Transaction = {
    lane,
    dice,
    rows,
    insert: change('insert'),
    update: change('update'),
    delete: change('delete'),
    select: async (sql, values) => (await query(sql, values)).rows.flatMap((row) => row.slice(0, 1)),
    undone: async (inner) => {
      const before = { ...done }
      await client.query('savepoint second_thoughts')
      await inner()
      await client.query('rollback to savepoint second_thoughts')
      undoneChanges += total(done) - total(before)
      Object.assign(done, before)
      tally.rollback(undefined, 0)
    },
  }
  await client.query('begin')
  const outcome = await work.action.run(tx)
  await client.query(outcome)
  if (outcome === 'commit') tally.commit(work.name, done)
  else tally.rollback(work.name, total(done))
  return total(done) + undoneChanges
}

const asText = { getTypeParser: () => (value: string | Buffer) => value.toString() }

function total(changes: Readonly<Record<ChangeKind, number>>): number {
  return changes.insert + changes.update + changes.delete
}
