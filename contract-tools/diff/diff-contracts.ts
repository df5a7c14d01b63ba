import { diffArrays } from 'diff'
import { treatmentText } from '../../core/contract/evolution/compare-columns.ts'
import { compareShapes } from '../../core/contract/evolution/compare-shapes.ts'
import type { RuleHit } from '../../core/contract/evolution/evolution-rules.ts'
import type { Retired } from '../../core/contract/evolution/retired.ts'
import { type ColumnShape, shapeTable, type TableShape } from '../../core/contract/evolution/shape.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { typeName } from '../../core/contract/value/type.ts'
import { athenaDdl } from '../../glue/athena-ddl.ts'
import { hitFinding } from '../check/check-contracts.ts'
import { compareLock, hitsOf, shapeOf, type VersionChange } from '../check/compare-lock.ts'
import { fixOf } from '../check/contract-rules.ts'
import type { Finding } from '../check/finding.ts'
import type { ContractsFolder } from '../load/load-contracts.ts'
import { lockFileName } from '../load/lock-file.ts'
import type { Base } from './git-base.ts'

/** What a branch does to one contract version. */
export interface VersionDiff {
  readonly version: string
  readonly kind: 'new' | 'retired' | 'gone' | 'same' | 'wording' | 'additive' | 'breaking'
  /** Broken rules, at their places. */
  readonly findings: readonly Finding[]
  readonly notes: readonly string[]
  /** Changed lines, `- ` and `+ `. */
  readonly columns: readonly string[]
  readonly ddl: readonly string[]
  /** Views whose columns or rows change. */
  readonly views: readonly string[]
  readonly personal: readonly string[]
}

/** Compares the contracts of a folder with what they were at a base, version by version. */
export function diffContracts(folder: ContractsFolder, base: Base, retired: Retired): readonly VersionDiff[] {
  const changes = compareLock(folder, base.lock, retired)
  const newest = newestVersions(changes.filter(isLive).map(shapeOf))
  const newestBefore = newestVersions(base.lock)
  return changes.map((change) => {
    const shape = shapeOf(change)
    const before = change.kind === 'new' ? undefined : change.before
    const after = isLive(change) ? shape : undefined
    /* A new version is read beside the one before it. */
    const predecessor =
      before ?? base.lock.filter(({ name, version }) => name === shape.name && version < shape.version).at(-1)
    const kind = kindOf(change, base)
    const isMoved = kind !== 'same' && kind !== 'wording'
    return {
      version: printTableVersion(shape),
      kind,
      findings: hitsOf(change).map((hit) => place(change, hit, folder)),
      notes: notesOf(change, predecessor),
      columns: isMoved ? diffLines(columnLines(predecessor), columnLines(after)) : [],
      ddl: isMoved ? diffLines(ddlLines(before), ddlLines(after)) : [],
      views: isMoved ? viewsOf(shape, newest.get(shape.name), newestBefore.get(shape.name)) : [],
      personal: personalChanges(predecessor, after),
    }
  })
}

function isLive({ kind }: VersionChange): boolean {
  return kind === 'new' || kind === 'changed'
}

function kindOf(change: VersionChange, { changed }: Base): VersionDiff['kind'] {
  if (change.kind === 'new') return change.hits.length > 0 ? 'breaking' : 'new'
  if (change.kind !== 'changed') return change.kind
  if (change.change.kind !== 'same') return change.change.kind
  return changed.has(change.file.path) ? 'wording' : 'same'
}

function notesOf(change: VersionChange, predecessor: TableShape | undefined): readonly string[] {
  if (change.kind === 'changed') return change.change.kind === 'same' ? [] : change.change.notes
  if (change.kind !== 'new' || predecessor === undefined) return []
  const step = compareShapes(predecessor, change.after)
  const hits = step.kind === 'breaking' ? step.hits.map(({ rule, message }) => `${rule} ${message}`) : []
  return [...hits, ...(step.kind === 'same' ? [] : step.notes)].map(
    (note) => `since v${predecessor.version}: ${note}`,
  )
}

function place(change: VersionChange, hit: RuleHit, folder: ContractsFolder): Finding {
  if (change.kind === 'new' || change.kind === 'changed') return hitFinding(change.file, hit)
  const file = `${folder.shown}/${lockFileName}`
  return { file, line: 1, column: 1, rule: hit.rule, message: hit.message, fix: fixOf(hit.rule) }
}

function newestVersions(shapes: readonly TableShape[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>()
  for (const { name, version } of shapes) newest.set(name, Math.max(newest.get(name) ?? 0, version))
  return newest
}

/* The newest version is the plain name, older ones carry theirs: as `LakeSession` and the catalog name them. */
function viewsOf(
  { name, version }: TableShape,
  newest: number | undefined,
  newestBefore: number | undefined,
): readonly string[] {
  const base = newest === undefined || version >= newest ? name : `${name}_v${version}`
  const moved = newestBefore !== undefined && version === newest && newestBefore < version
  const old = moved ? [`${name}_v${newestBefore}`, `${name}_v${newestBefore}_history`] : []
  return [base, `${base}_history`, ...old]
}

function columnLines(shape: TableShape | undefined): readonly string[] {
  return (shape?.columns ?? []).map((column) => columnLine(column))
}

function columnLine(column: ColumnShape): string {
  const { name, type, nullable, from, min, max, beyond, pii } = column
  const parts = [
    name,
    typeName(type),
    nullable ? 'null' : 'not null',
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(min === undefined ? [] : [`min ${min}`]),
    ...(max === undefined ? [] : [`max ${max}`]),
    ...(beyond === undefined ? [] : [`beyond ${beyond}`]),
    ...(column.default === undefined ? [] : [`default ${column.default}`]),
    ...(pii === undefined ? [] : [`(${treatmentText(column)})`]),
  ]
  return parts.join(' ')
}

/* The lines that differ, `- ` before those that go and `+ ` before those that come, in their order. */
function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  return diffArrays([...before], [...after]).flatMap(({ added, removed, value }) =>
    added || removed ? value.map((line) => `${added ? '+' : '-'} ${line}`) : [],
  )
}

function ddlLines(shape: TableShape | undefined): readonly string[] {
  return shape === undefined ? [] : athenaDdl(shapeTable(shape)).split('\n')
}

function personalChanges(before: TableShape | undefined, after: TableShape | undefined): readonly string[] {
  const old = personalColumns(before)
  const now = personalColumns(after)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [was, is] = [old.get(name), now.get(name)]
    if (was === is) return []
    if (was === undefined) return [`${name}: ${is}`]
    return [is === undefined ? `${name}: ${was}, now gone or not personal` : `${name}: ${was} → ${is}`]
  })
}

function personalColumns(shape: TableShape | undefined): ReadonlyMap<string, string> {
  const personal = (shape?.columns ?? []).filter(({ pii }) => pii !== undefined)
  return new Map(personal.map((column) => [column.name, treatmentText(column)]))
}
