import { count, plural } from '../../core/amount-text.ts'
import { failures } from '../../core/failures/failures.ts'
import { parsePosition } from '../../core/position.ts'
import type { Proof, ProofFailure, TableProof } from '../../engine/reconcile/proof.ts'
import { keyParts } from '../../engine/reconcile/source/key-parts.ts'
import type { RunStatus } from '../../local/run/status/run-status.ts'
import { alignedTable, exit, type Output, paint } from '../terminal/output.ts'
import { visible } from '../terminal/visible-text.ts'
import { rowsPerSecond } from './proof-progress.ts'

/* Longer lists belong to --json. */
const SHOWN_KEYS = 5

/** The one line of `--json`: whether source and lake are equal, table by table. */
export function proofJson(
  proof: Proof,
  status: RunStatus | undefined,
  notFollowed: readonly string[] = [],
): string {
  const counts = new Map(status?.tables.map((table) => [table.table, table]))
  const tables = proof.tables.map((one) => ({
    table: one.table,
    sourceRows: one.sourceRows,
    lakeRows: one.lakeRows,
    equal: one.equal,
    lsn: String(parsePosition(one.asOf).lsn),
    scope: one.scope,
    way: one.way,
    ms: one.ms,
    rowsPerSecond: rowsPerSecond(one),
    changes: counts.get(one.table)?.changes ?? 0,
    loaded: counts.get(one.table)?.loadedRows ?? 0,
    quarantined: counts.get(one.table)?.quarantined ?? 0,
    quarantinedKeys: one.quarantinedKeys.map(keyText),
    heldBackKeys: one.heldBackKeys.map(keyText),
    unplaced: one.unplaced,
    different: one.different,
    notCompared: one.notCompared,
    differences: one.differences.map(({ key, kind }) => ({ key: keyText(key), kind })),
    rows: one.rows.map(({ key, columns }) => ({ key: keyText(key), columns })),
    healed: one.healed,
  }))
  const sum = (name: 'changes' | 'quarantined') => tables.reduce((total, table) => total + table[name], 0)
  return JSON.stringify({
    equal: proof.equal,
    changes: sum('changes'),
    quarantined: sum('quarantined'),
    freshnessMs: status?.freshnessMs ?? { p50: null, p99: null },
    lsn: String(proof.lsn),
    tables,
    failed: proof.failed,
    leftOut: status?.leftOut ?? [],
    notFollowed,
  })
}

/** The proof for people, the differing keys named, and of the first of them the columns. */
export function proofText(proof: Proof, output: Output, notFollowed: readonly string[] = []): string {
  const rows = proof.tables.map((one) => [
    one.table,
    count(one.sourceRows),
    count(one.lakeRows),
    count(one.quarantinedKeys.length),
    one.way,
    verdict(one, output),
  ])
  const notes = proof.tables.flatMap((one) => [
    ...named(one),
    ...left(one),
    ...heldBack(one),
    ...unplaced(one),
    ...healing(one),
  ])
  return [
    ...(rows.length === 0 && proof.failed.length > 0 ? [] : [alignedTable(HEAD, rows)]),
    ...notes,
    ...proof.tables.flatMap((one) => readAgain(one, proof)),
    ...proof.failed.map((one) => notCompared(one, output)),
    ...notFollowed.map(
      (table) =>
        `${paint(output, 'yellow', 'not compared')} ${visible(table)}: the lake has it and the run does not follow it; \`tidemark doctor --source …\` says why`,
    ),
    ...scopeNotes(proof),
  ].join('\n')
}

/** What brings a row that is held back. */
export const HELD_BACK_FIX =
  'tidemark quarantine redrive or, where nothing waits any more, tidemark reconcile --repair'

const HEAD = ['table', 'source rows', 'lake rows', 'in quarantine', 'compared', '']

/** 1 when something differs, 2 when nothing does and something could not be compared. */
export function proofExit({ equal, tables }: Proof): number {
  if (equal) return exit.fine
  return tables.every((one) => one.equal) ? exit.failed : exit.findings
}

function readAgain({ table, asOf }: TableProof, proof: Proof): readonly string[] {
  return asOf === proof.asOf
    ? []
    : [
        `  ${table}: compared in a later snapshot, as of LSN ${parsePosition(asOf).lsn}; the proof is as of ${proof.lsn}`,
      ]
}

function notCompared({ table, code, message }: ProofFailure, output: Output): string {
  const advice = code === 'internal' ? '' : `\n    to do: ${failures[code].advice}`
  return `  ${paint(output, 'red', `${table} was not compared`)}: ${code}: ${message}${advice}`
}

function verdict({ equal, different, scope }: TableProof, output: Output): string {
  if (!equal) return paint(output, 'red', `${plural(different, 'key differs', 'keys differ')}`)
  const where = { all: '', sample: ' in the sample', since: ' in these keys', keys: ' in these keys' }
  return paint(output, 'green', `equal${where[scope.kind]}`)
}

function named({ table, different, differences, rows }: TableProof): readonly string[] {
  const columns = new Map(rows.map((row) => [row.key, row.columns]))
  const more = different - Math.min(differences.length, SHOWN_KEYS)
  return [
    ...differences
      .slice(0, SHOWN_KEYS)
      .flatMap(({ key, kind, sourceRows, lakeRows }) => [
        `  ${table} ${visible(keyText(key))}: ${kind}${sourceRows > 1 || lakeRows > 1 ? `, ${plural(sourceRows, 'row')} in the source, ${lakeRows} in the lake` : ''}`,
        ...(columns.get(key) ?? []).map(
          ({ column, source, lake }) => `    ${column}: source ${shown(source)}, lake ${shown(lake)}`,
        ),
      ]),
    ...(more > 0 ? [`  ${table}: ${count(more)} more; with --json`] : []),
  ]
}

function left({ table, notCompared }: TableProof): readonly string[] {
  return notCompared.length > 0
    ? [`  ${table}: not compared, the source has no ${notCompared.join(', ')}`]
    : []
}

function heldBack({ table, heldBackKeys }: TableProof): readonly string[] {
  const { length } = heldBackKeys
  return length === 0
    ? []
    : [
        `  ${table}: ${plural(length, 'key')} held back, no change in the lake has all of the row: ${HELD_BACK_FIX}`,
      ]
}

function unplaced(one: TableProof): readonly string[] {
  return one.unplaced === 0 ? [] : [`  ${one.table}: ${unplacedText(one.unplaced)}`]
}

/** What is said of changes in quarantine that no row can be named for. */
export function unplacedText(changes: number): string {
  const message = changes === 1 ? 'does not say which row it is of' : 'do not say which rows they are of'
  return `${plural(changes, 'change')} in quarantine ${message}: tidemark quarantine list; tidemark reconcile --repair brings the rows`
}

function healing({ table, healed }: TableProof): readonly string[] {
  if (healed === null) return []
  const { stillDifferent, notPossible } = healed
  const kept = stillDifferent > 0 ? `, ${plural(stillDifferent, 'still differs', 'still differ')}` : ''
  const masked =
    notPossible > 0 ? `, ${count(notPossible)} of them with a key that only the lake can read` : ''
  return [`  ${table}: ${plural(healed.healed, 'key')} healed${kept}${masked}`]
}

/* Less was proven than equality: said once, where it is read. */
function scopeNotes({ tables }: Proof): readonly string[] {
  const [scope] = tables.map((one) => one.scope)
  if (scope?.kind === 'sample')
    return [`  a sample: ${percentText(scope.percent)} % of the keys of each table, chosen at random`]
  if (scope?.kind === 'since')
    return ['  only keys that the lake changed since then: a row that never arrived is not found this way']
  return []
}

function percentText(percent: number): string {
  return String(Math.round(percent * 100) / 100)
}

function shown(text: string | null): string {
  return text === null ? 'null' : visible(JSON.stringify(text))
}

/** The values of a comparison key, without the lengths in front of them: `7, 2026-01-01`. */
export function keyText(key: string): string {
  return keyParts(key)
    .map((part) => part ?? 'null')
    .join(', ')
}
