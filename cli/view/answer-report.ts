import { count, plural } from '../../core/amount-text.ts'
import type { ProofAnswer, TableAnswer } from '../../engine/reconcile/proof-answer.ts'
import { alignedTable, exit, type Output, paint } from '../terminal/output.ts'
import { unplacedText } from './proof-report.ts'

/** A proof of AWS for people: which tables are equal, and of those that are not how many keys and which columns. */
export function answerText(answer: ProofAnswer, output: Output): string {
  const rows = answer.tables.map((one) => [
    one.table,
    count(one.sourceRows),
    count(one.lakeRows),
    count(one.inQuarantine),
    one.way,
    verdict(one, output),
  ])
  const head = ['table', 'source rows', 'lake rows', 'in quarantine', 'compared', '']
  return [
    ...(rows.length === 0 ? [] : [alignedTable(head, rows)]),
    ...answer.tables.flatMap(notes),
    ...answer.failed.map(({ table, code, message }) => `  ${table}: not compared, ${code}: ${message}`),
    ...(answer.notBegun.length === 0 ? [] : [`  no time was left for ${answer.notBegun.join(', ')}`]),
    ...scopeNotes(answer),
  ].join('\n')
}

/** 1 when something differs, 2 when something could not be compared. */
export function answerExit({ equal, tables }: ProofAnswer): number {
  if (equal) return exit.fine
  return tables.every((one) => one.equal) ? exit.failed : exit.findings
}

function verdict({ equal, different, scope, waited, snapshots }: TableAnswer, output: Output): string {
  const seen = snapshots > 1 ? `, in ${snapshots} snapshots` : ''
  if (!equal)
    return paint(
      output,
      'red',
      `${plural(different, 'key still differs', 'keys still differ')} after ${waited} s${seen}`,
    )
  const where = { all: '', sample: ' in the sample', since: ' in these keys', keys: ' in these keys' }
  return paint(output, 'green', `equal${where[scope]}`)
}

function notes({
  table,
  equal,
  kinds,
  columns,
  heldBack,
  unplaced,
  outranked,
  healed,
  notCompared,
}: TableAnswer): readonly string[] {
  const parts = [
    kinds.missing > 0 ? `${count(kinds.missing)} missing in the lake` : undefined,
    kinds.foreign > 0 ? `${count(kinds.foreign)} not in the source` : undefined,
    kinds.changed > 0 ? `${count(kinds.changed)} different` : undefined,
  ].filter((part) => part !== undefined)
  const where = columns.length > 0 ? ` in ${columns.join(', ')}` : ''
  return [
    ...(equal || parts.length === 0 ? [] : [`  ${table}: ${parts.join(', ')}${where}`]),
    ...(heldBack === 0
      ? []
      : [`  ${table}: ${plural(heldBack, 'key')} held back, no change in the lake has all of the row`]),
    ...(unplaced === 0 ? [] : [`  ${table}: ${unplacedText(unplaced)}`]),
    ...(outranked === 0
      ? []
      : [
          `  ${table}: ${plural(outranked, 'key')} changed by transactions that were open when the last load began: read again`,
        ]),
    ...(healed === null ? [] : [`  ${table}: ${plural(healed.healed, 'key')} healed${unhealed(healed)}`]),
    ...(notCompared.length > 0
      ? [`  ${table}: not compared, the source has no ${notCompared.join(', ')}`]
      : []),
  ]
}

function unhealed({ stillDifferent, notPossible }: NonNullable<TableAnswer['healed']>): string {
  const kept = stillDifferent > 0 ? `, ${plural(stillDifferent, 'still differs', 'still differ')}` : ''
  return notPossible > 0
    ? `${kept}, ${count(notPossible)} of them with a key that only the lake can read`
    : kept
}

function scopeNotes({ tables: [first] }: ProofAnswer): readonly string[] {
  if (first?.scope === 'sample')
    return [`  a sample: ${Math.round((first.sample ?? 0) * 100) / 100} % of the keys of each table`]
  if (first?.scope === 'since')
    return ['  only keys that the lake changed since then: a row that never arrived is not found this way']
  return []
}
