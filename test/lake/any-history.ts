import fc from 'fast-check'
import { col, type Table, table } from '../../core/contract/index.ts'
import type { LakeOperation, LakeRow } from '../../core/contract/language/lake-row.ts'
import type { Floor } from '../../core/ports/catalog-entry.ts'
import { formatPosition, nextStep, type Position } from '../../core/position.ts'
import { type Arrival, anyArrival, deliver } from './deliver-rows.ts'

/** A table whose key is two columns, one of them an instant of which only the microseconds differ. */
export function historyTable(name: string): Table {
  return table({
    name: `h.${name}`,
    version: 1,
    owner: 'tests',
    description: 'A table with a life of its own',
    source: { system: 'tests', table: `public.${name}` },
    primaryKey: ['position', 'at'],
    unknownFields: 'keep',
    columns: {
      position: col.integer('First part of the key, named as a word that the SQL might use itself'),
      at: col.timestampMicros('Second part of the key'),
      tags: col.list({ kind: 'string' }, 'A list', { nullable: true }),
      amount: col.decimal(9, 2, 'A decimal', { nullable: true }),
      note: col.string('A large text', { nullable: true }),
      seen: col.timestampMicros('An instant', { nullable: true }),
    },
  })
}

const VALUES = ['tags', 'amount', 'note', 'seen'] as const
type ValueName = (typeof VALUES)[number]
type Values = Readonly<Record<ValueName, string | readonly (string | null)[] | null>>
type Key = readonly [position: number, at: string]

/** A row of current as the model says it is: microseconds as text, and the position of its last change. */
export interface ModelRow extends Values {
  readonly key: Key
  readonly position: Position
}

/**
 * What a database went through, as it reaches the lake, and what of the table is known whole after each change: of a change
 * that waits in quarantine only its mark is there, and no row with a value that such a change may have brought.
 */
export interface History {
  /** Lake rows with their duplicates and replays, in the order and the files in which they arrive. */
  readonly files: readonly (readonly LakeRow[])[]
  readonly floors: readonly Floor[]
  readonly states: readonly { readonly position: Position; readonly rows: readonly ModelRow[] }[]
}

const values: fc.Arbitrary<Values> = fc.record({
  tags: fc.constantFrom(null, [], ['a', null], ['', 'b']),
  amount: fc.constantFrom(null, '1.00', '-0.01', '9999999.99'),
  note: fc.constantFrom(null, '', 'x', 'y'),
  seen: fc.constantFrom(null, '0', '-1', '1700000000000001'),
})

const keyIndex = fc.nat(4)
const absent = fc.subarray([...VALUES])
/** Whether a change waits in quarantine, or did until it was redriven: then its mark is there beside its row. */
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant('accepted' as const) },
  { weight: 1, arbitrary: fc.constant('refused' as const) },
  { weight: 1, arbitrary: fc.constant('redriven' as const) },
)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('put' as const), key: keyIndex, values, absent, fate }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      key: keyIndex,
      to: keyIndex,
      values,
      absent,
      fate,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('swap' as const), key: keyIndex, to: keyIndex, values }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: keyIndex }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('truncate' as const) }) },
)
const transaction = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    }),
  },
  /* A load that is complete, perhaps after a time in which nobody watched; or the part of one that broke off. */
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('load' as const), unseen: fc.array(step, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('partial load' as const), share: fc.nat(4) }) },
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type Transaction = typeof transaction extends fc.Arbitrary<infer T> ? T : never
type Fate = typeof fate extends fc.Arbitrary<infer F> ? F : never

const KEYS: readonly Key[] = [
  [1, '1700000000000000'],
  [1, '1700000000000001'],
  [2, '1700000000000001'],
  [2, '-1'],
  [1, '-1'],
]

/** Random histories of a tiny table; the first change is often a load. */
export const anyHistory: fc.Arbitrary<History> = fc
  .tuple(
    fc.array(transaction, { minLength: 1, maxLength: 8 }),
    fc.array(anyArrival, { minLength: 12, maxLength: 40 }),
  )
  .map(([transactions, arrivals]) => play(transactions, arrivals))

function play(transactions: readonly Transaction[], arrivals: readonly Arrival[]): History {
  const state = new Map<string, ModelRow>()
  /* What of it has reached the lake: `unknown` are columns that no change brought there. */
  const known = new Map<string, Known>()
  const rows: LakeRow[] = []
  const floors: Floor[] = []
  const states: { position: Position; rows: readonly ModelRow[] }[] = []
  let now: { lsn: bigint; ordinal: number; isSeen: boolean } = { lsn: 0n, ordinal: 0, isSeen: true }
  const place = () => formatPosition({ epoch: 1, lsn: now.lsn, ordinal: now.ordinal, step: 0 })
  const freeze = (position: Position) => {
    const whole = [...known.values()].flatMap(({ unknown, isMarked, ...row }) =>
      unknown.length > 0 ? [] : [row],
    )
    if (now.isSeen) states.push({ position, rows: whole })
  }
  const emit = (
    operation: LakeOperation,
    position: Position,
    key: Key | null,
    given: Values | null,
    missing: readonly string[],
  ) => {
    if (now.isSeen) rows.push(lakeRow(operation, position, key, given, missing))
  }
  const put = (
    operation: 'insert' | 'update',
    position: Position,
    key: Key,
    given: Values,
    missing: readonly ValueName[],
    { from, fate }: { readonly from?: Key; readonly fate: Fate },
  ) => {
    const filled = (before: Values | undefined) => {
      const row = { ...given, key, position }
      for (const name of missing) row[name] = before?.[name] ?? null
      return row
    }
    const before = from === undefined ? undefined : state.get(from.join())
    const seen = from === undefined ? undefined : known.get(from.join())
    if (from !== undefined) state.delete(from.join())
    state.set(key.join(), filled(before))
    if (fate !== 'accepted') emit('refused', position, key, null, [])
    if (fate === 'refused') {
      const shown = known.get(key.join())
      if (shown !== undefined) known.set(key.join(), { ...shown, isMarked: true })
      return freeze(position)
    }
    const isLost = (name: ValueName) => seen === undefined || seen.isMarked || seen.unknown.includes(name)
    if (from !== undefined) known.delete(from.join())
    if (now.isSeen)
      known.set(key.join(), { ...filled(seen), unknown: missing.filter(isLost), isMarked: false })
    emit(operation, position, key, given, missing)
    freeze(position)
  }
  const remove = (position: Position, key: Key) => {
    state.delete(key.join())
    known.delete(key.join())
    emit('delete', position, key, null, [])
    freeze(position)
  }
  const move = (
    from: Key,
    to: Key,
    given: Values,
    missing: readonly ValueName[],
    fate: Fate = 'accepted',
  ) => {
    if (!state.has(from.join()) || (state.has(to.join()) && from !== to)) return
    now = { ...now, ordinal: now.ordinal + 1 }
    if (from === to) return put('update', place(), to, given, missing, { from, fate })
    const position = place()
    if (fate !== 'refused') {
      emit('delete', position, from, null, [])
      const left = known.get(from.join())
      known.delete(from.join())
      freeze(position)
      if (left !== undefined) known.set(from.join(), left)
    }
    put('insert', nextStep(position), to, given, missing, { from, fate })
  }
  const apply = (change: Step) => {
    const key = 'key' in change ? keyOf(change.key) : keyOf(0)
    const old = state.get(key.join())
    switch (change.kind) {
      case 'put':
        now = { ...now, ordinal: now.ordinal + 1 }
        if (old === undefined) put('insert', place(), key, change.values, [], change)
        else put('update', place(), key, change.values, change.absent, { ...change, from: key })
        return
      case 'move':
        return move(key, keyOf(change.to), change.values, change.absent, change.fate)
      case 'swap': {
        const spare: Key = [9, '9']
        const other = keyOf(change.to)
        if (old === undefined || !state.has(other.join()) || key === other) return
        move(key, spare, change.values, [...VALUES])
        move(other, key, change.values, ['note'])
        return move(spare, other, change.values, [...VALUES])
      }
      case 'delete':
        if (old === undefined) return
        now = { ...now, ordinal: now.ordinal + 1 }
        return remove(place(), key)
      case 'truncate':
        now = { ...now, ordinal: now.ordinal + 1 }
        state.clear()
        known.clear()
        emit('truncate', place(), null, null, [])
        if (now.isSeen) floors.push({ position: place(), reason: 'truncate' })
        return freeze(place())
    }
  }

  for (const transaction of transactions) {
    now = { lsn: now.lsn + 16n, ordinal: 0, isSeen: transaction.kind !== 'load' }
    if (transaction.kind === 'commit') for (const change of transaction.steps) apply(change)
    if (transaction.kind === 'load') for (const change of transaction.unseen) apply(change)
    if (transaction.kind === 'commit') continue
    now = { lsn: now.lsn + 16n, ordinal: 0, isSeen: true }
    /* Of a complete load the floor: what was known before counts no more. */
    if (transaction.kind === 'load') known.clear()
    const read = [...state.values()].slice(0, transaction.kind === 'load' ? undefined : transaction.share)
    for (const row of read) {
      state.set(row.key.join(), { ...row, position: place() })
      known.set(row.key.join(), { ...row, position: place(), unknown: [], isMarked: false })
      emit('load', place(), row.key, row, [])
    }
    if (transaction.kind === 'load') floors.push({ position: place(), reason: 'load' })
    freeze(place())
  }
  return { files: deliver(rows, arrivals, VALUES), floors, states }
}

/** `unknown`: columns that no change brought there. `isMarked`: a change of it that came later waits in quarantine. */
type Known = ModelRow & { readonly unknown: readonly ValueName[]; readonly isMarked: boolean }

function keyOf(index: number): Key {
  return KEYS[index] ?? [0, '0']
}

function lakeRow(
  operation: LakeOperation,
  position: Position,
  key: Key | null,
  given: Values | null,
  missing: readonly string[],
): LakeRow {
  const names = missing.length > 0 ? missing : null
  const shown = VALUES.map((name) => (given === null || missing.includes(name) ? null : given[name]))
  return [operation, position, 0, 1_700_000_000_000, names, null, ...(key ?? [null, null]), ...shown]
}
