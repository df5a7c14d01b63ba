import type { LakeSide } from '../lake/lake-side.ts'
import type { ComparedColumn } from '../source/source-columns.ts'
import type { SourceSide } from '../source/source-side.ts'
import type { Difference } from './compare-table.ts'

/** One column of a row that differs, as both sides wrote it; long texts are cut, personal ones not shown. */
export interface ColumnDifference {
  readonly column: string
  readonly source: string | null
  readonly lake: string | null
}

/** The columns that differ in the row of one key. Empty when only the number of rows differs. */
export interface RowDifference {
  readonly key: string
  readonly columns: readonly ColumnDifference[]
}

/** Keys whose columns are looked at, and characters of a text that are shown. */
export const DETAILED_KEYS = 50
const SHOWN_CHARACTERS = 200
const HIDDEN = '***'

/** Looks at the columns of the first keys that both sides have and that differ. */
export async function columnDifferences(
  differences: readonly Difference[],
  { source, lake }: { readonly source: SourceSide; readonly lake: LakeSide },
): Promise<readonly RowDifference[]> {
  const keys = differences.filter(({ kind }) => kind === 'different').slice(0, DETAILED_KEYS)
  if (keys.length === 0) return []
  const wanted = new Set(keys.map(({ key }) => key))
  const ofSource = new Map<string, readonly (string | null)[]>()
  const ofLake = new Map<string, readonly (string | null)[]>()
  await source.rows({ kind: 'keys', keys: wanted }, (key, texts) => ofSource.set(key, texts))
  await lake.texts(wanted, (key, texts) => ofLake.set(key, texts))
  const { columns } = source.columns
  return [...wanted].map((key) => ({
    key,
    columns: columns.flatMap((column, index) =>
      differing(column, ofSource.get(key)?.[index] ?? null, ofLake.get(key)?.[index] ?? null),
    ),
  }))
}

function differing(
  { lake: { name }, isPersonal }: ComparedColumn,
  source: string | null,
  lake: string | null,
): readonly ColumnDifference[] {
  if (source === lake) return []
  const shown = isPersonal ? () => HIDDEN : cut
  return [{ column: name, source: shown(source), lake: shown(lake) }]
}

/* Around the cut the length tells apart what the beginning does not. */
function cut(text: string | null): string | null {
  if (text === null || text.length <= SHOWN_CHARACTERS) return text
  const characters = [...text.slice(0, SHOWN_CHARACTERS + 1)].slice(0, -1)
  return `${characters.join('')}… (${text.length} characters)`
}
