import { compareShapes, type ShapeChange } from '../../core/contract/evolution/compare-shapes.ts'
import type { RuleHit } from '../../core/contract/evolution/evolution-rules.ts'
import { isRetired, type Retired, retiredHits } from '../../core/contract/evolution/retired.ts'
import { type TableShape, tableShape } from '../../core/contract/evolution/shape.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import type { ContractFile, ContractsFolder } from '../load/load-contracts.ts'
import type { Lock } from '../load/lock-file.ts'

/** What became of one version since a lock: it is new, it is gone, or its shape changed in some way. */
export type VersionChange =
  | {
      readonly kind: 'new'
      readonly after: TableShape
      readonly file: ContractFile
      readonly hits: readonly RuleHit[]
    }
  | {
      readonly kind: 'changed'
      readonly before: TableShape
      readonly after: TableShape
      readonly file: ContractFile
      readonly change: ShapeChange
    }
  | { readonly kind: 'retired'; readonly before: TableShape }
  | { readonly kind: 'gone'; readonly before: TableShape; readonly hits: readonly RuleHit[] }

/** Compares the contracts of a folder with a lock, version by version, in the order of names. Files that do not load are left out. */
export function compareLock(folder: ContractsFolder, lock: Lock, retired: Retired): readonly VersionChange[] {
  const known = new Map(lock.map((shape) => [printTableVersion(shape), shape]))
  const there = new Set(folder.files.map(printTableVersion))
  const present = folder.files.flatMap((file): readonly VersionChange[] => {
    if (file.loaded.kind === 'failed') return []
    const after = tableShape(file.loaded.table)
    const before = known.get(printTableVersion(file))
    const hits = retiredHits(after, retired)
    if (before === undefined) return [{ kind: 'new', after, file, hits }]
    return [{ kind: 'changed', before, after, file, change: withHits(compareShapes(before, after), hits) }]
  })
  const missing = lock
    .filter((shape) => !there.has(printTableVersion(shape)))
    .map((before): VersionChange => {
      if (isRetired(retired, before.name, before.version)) return { kind: 'retired', before }
      return {
        kind: 'gone',
        before,
        hits: [{ rule: 'Q109', message: `${printTableVersion(before)} is gone` }],
      }
    })
  return [...present, ...missing].sort((left, right) => order(shapeOf(left), shapeOf(right)))
}

/** The newest shape there is of a version. */
export function shapeOf(change: VersionChange): TableShape {
  return change.kind === 'new' || change.kind === 'changed' ? change.after : change.before
}

/** The rules that a change breaks. */
export function hitsOf(change: VersionChange): readonly RuleHit[] {
  if (change.kind === 'retired') return []
  if (change.kind !== 'changed') return change.hits
  return change.change.kind === 'breaking' ? change.change.hits : []
}

function withHits(change: ShapeChange, hits: readonly RuleHit[]): ShapeChange {
  if (hits.length === 0) return change
  const old = change.kind === 'breaking' ? change.hits : []
  return { kind: 'breaking', hits: [...old, ...hits], notes: change.kind === 'same' ? [] : change.notes }
}

function order(left: TableShape, right: TableShape): number {
  if (left.name !== right.name) return left.name < right.name ? -1 : 1
  return left.version - right.version
}
