import { lakeColumns } from '../../core/contract/language/lake-columns.ts'
import { keyValues } from './matrix-source.ts'
import { type Cell, isSameBag, type TableEvidence } from './observe.ts'
import { expectedOf, type Oracle } from './oracle.ts'
import { rawText } from './raw-readers.ts'
import type { TypeCase } from './type-case.ts'

/* Which keys each operation must have brought, by place; the lake splits a changed key in two. */
function images(count: number, isRaw: boolean): Readonly<Record<string, readonly number[]>> {
  const all = Array.from({ length: count }, (_, place) => place)
  const last = count - 1
  /* One key alone cannot become another. */
  const isMoved = count > 1
  return {
    load: all,
    update: isRaw && isMoved ? [...all, last] : all,
    delete: isMoved && !isRaw ? [...all, last, 0] : [...all, last],
    insert: isMoved && !isRaw ? [...all, last] : all,
  }
}

/** The cells of a type as a primary key: the keys that each operation brought, and those that are left. */
export function observeKeys(
  given: TypeCase,
  { table, raw, readers }: TableEvidence,
  oracle: readonly Oracle[],
): readonly Cell[] {
  const count = keyValues(given).length
  const outcome = table.columns['v']?.type.kind === 'string' ? textOutcome(given) : given.outcome
  const cell = (path: string, reader: string, isHeld: boolean, expected: Cell['expected']): Cell => {
    return {
      path: `key ${path}`,
      reader,
      value: 'all keys',
      expected,
      observed: isHeld ? expected : 'altered',
    }
  }
  const rawCells = Object.entries(images(count, true)).map(([op, places]) => {
    const texts = raw.filter((change) => change.op === op).map(({ data }) => rawText(data, 'v', given.type))
    const wanted = places.map((place) => String(oracle[place]?.text))
    return cell(op, 'raw store', isSameBag(texts.map(String), wanted), 'exact')
  })
  const lakeCells = [...readers].flatMap(([reader, rows]) => {
    const bags = reader === 'current' ? { current: left(count) } : images(count, false)
    return Object.entries(bags).map(([op, places]) => {
      const columns = lakeColumns(table).filter(({ contractColumn }) => contractColumn === 'v')
      const seen = rows
        .filter((row) => row.op === op)
        .map((row) => columns.map(({ name }) => row.values.get(name)).join())
      const wanted = places.map((place) => {
        const truth = oracle[place] ?? { text: null, measure: null }
        return columns.map((column) => expectedOf(column, keyTruth(given, truth))).join()
      })
      return cell(op, reader, isSameBag(seen, wanted), outcome)
    })
  })
  return [...rawCells, ...lakeCells]
}

/* The deleted last key was taken by the first; of one key nothing is left. */
function left(count: number): readonly number[] {
  return Array.from({ length: count }, (_, place) => place).slice(1)
}

/** What a key column holds of a type whose own lake type cannot be a key. */
export function textOutcome({ contract, outcome }: TypeCase): TypeCase['outcome'] {
  return contract.startsWith('string') ? outcome : 'exact as text'
}

/* Bytes as a key are their hex digits. */
function keyTruth({ contract }: TypeCase, truth: Oracle): Oracle {
  return contract === 'binary' && truth.text !== null ? { ...truth, text: truth.text.slice(2) } : truth
}
