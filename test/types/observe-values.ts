import type { Reading } from './lake-readers.ts'
import { isStored } from './load-readers.ts'
import { idOf, type Path, paths, valuesOf } from './matrix-source.ts'
import {
  type Cell,
  holds,
  type Observed,
  outcomeOf,
  refusals,
  shownId,
  type TableEvidence,
} from './observe.ts'
import type { Oracle } from './oracle.ts'
import { plainText, rawText } from './raw-readers.ts'
import type { TypeCase } from './type-case.ts'

const operations: Readonly<Record<Path, string>> = {
  load: 'load',
  insert: 'insert',
  update: 'update',
  unchanged: 'update',
}

/** The cells of a type as a column beside the key: every value on every way, for every reader. */
export function observeValues(
  given: TypeCase,
  { table, raw, loadRows, readers, quarantine }: TableEvidence,
  oracle: ReadonlyMap<number, Oracle>,
): readonly Cell[] {
  const refused = refusals(quarantine, given.type)
  const rawById = new Map(raw.map(({ op, data }) => [`${op} ${String(data['id'])}`, data]))
  const storedById = new Map(loadRows.map((row) => [Number(row['id']), row]))
  const rowById = new Map(
    [...readers].flatMap(([reader, rows]) =>
      rows.map((row) => [`${reader} ${row.op} ${row.values.get('id')}`, row] as const),
    ),
  )
  return pathNames.flatMap((path) =>
    valuesOf(given).flatMap(({ sql, kind }, place) => {
      const id = idOf(path, place)
      const truth = oracle.get(id)
      if (truth === undefined) return []
      const isAbsent = kind === 'large' && path === 'unchanged'
      const key = `${operations[path]} ${id}`
      const quarantined = refused.get(key)
      const cell = (reader: string, expected: Observed, observed: Observed): Cell => {
        return { path, reader, value: sql, expected, observed, reason: quarantined?.reason }
      }
      const text = rawText(rawById.get(key) ?? {}, 'v', given.type)
      const rawSeen = text === undefined ? 'absent' : text === truth.text ? 'exact' : 'altered'
      const inRaw = cell('raw store', isAbsent ? 'absent' : 'exact', rawSeen)
      const stored = storedById.get(id)?.['v']
      const isSame = isStored(stored, truth, (shown) => plainText(shown, given.type))
      const inFile = cell(
        'raw store (hyparquet)',
        'exact',
        stored === undefined ? 'absent' : isSame ? 'exact' : 'altered',
      )
      const inLake = [...readers.keys()].map((reader) => {
        const operation = reader === 'current' ? 'current' : operations[path]
        const row = rowById.get(`${reader} ${operation} ${shownId(id)}`)
        const isBehind = row === undefined || (reader === 'current' && path === 'update' && isNull(row))
        const isWhole = quarantined?.text === truth.text
        const seen: Observed =
          quarantined === undefined
            ? outcomeOf(given, table, row, row !== undefined && holds(table, row, truth))
            : isBehind && isWhole
              ? 'quarantined'
              : 'altered'
        const wanted = kind === 'refused' ? 'quarantined' : isAbsent ? 'absent' : given.outcome
        return cell(reader, reader === 'current' && isAbsent ? given.outcome : wanted, seen)
      })
      return [inRaw, ...(path === 'load' ? [inFile] : []), ...inLake]
    }),
  )
}

const pathNames = Object.keys(paths).filter((name): name is Path => name in paths)

/* The row as it was before the change that was refused. */
function isNull({ values }: Reading): boolean {
  return values.get('v') === 'null'
}
