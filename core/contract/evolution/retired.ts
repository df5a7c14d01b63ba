import { storedType } from './compare-columns.ts'
import type { RuleHit } from './evolution-rules.ts'
import type { TableShape } from './shape.ts'

/** Names that files of the lake still hold although no contract does: `schemas/retired.json`. */
export interface Retired {
  /** Columns that are gone, with the type that lake files have for them, such as `string` or `decimal(12,2)`. */
  readonly columns: readonly RetiredColumn[]
  readonly versions: readonly RetiredVersion[]
}

export interface RetiredColumn {
  readonly table: string
  readonly column: string
  readonly type: string
  /** Day, YYYY-MM-DD. */
  readonly on: string
  readonly reason: string
}

export interface RetiredVersion {
  readonly table: string
  readonly version: number
  /** Day of its last partition, YYYY-MM-DD. */
  readonly on: string
  readonly reason: string
}

export function isRetired({ versions }: Retired, name: string, version: number): boolean {
  return versions.some((entry) => entry.table === name && entry.version === version)
}

/** What of a contract takes up a retired name wrongly. The same column with its old type may come back. */
export function retiredHits(shape: TableShape, retired: Retired): readonly RuleHit[] {
  const version: readonly RuleHit[] = isRetired(retired, shape.name, shape.version)
    ? [{ rule: 'F203', message: `v${shape.version} was retired` }]
    : []
  const columns = shape.columns.flatMap((column): readonly RuleHit[] => {
    const { name } = column
    const type = storedType(column)
    const old = retired.columns.find((entry) => entry.table === shape.name && entry.column === name)
    if (old === undefined || type === undefined || type === old.type) return []
    return [{ rule: 'F202', column: name, message: `${name}: was ${old.type} in the lake, would be ${type}` }]
  })
  return [...version, ...columns]
}
