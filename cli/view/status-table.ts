import { ageText, count, plural } from '../../core/amount-text.ts'
import { failures } from '../../core/failures/failures.ts'
import type { KeptFailure, KeptProof } from '../../engine/reconcile/kept-proofs.ts'
import type { RunStatus } from '../../local/run/status/run-status.ts'
import { alignedTable, type Output, paint } from '../terminal/output.ts'
import { leftOutText } from './left-out-text.ts'
import { HELD_BACK_FIX, unplacedText } from './proof-report.ts'
import { type Looking, sourceWord } from './source-line.ts'

/** What a line below the table begins with. */
export const statusLines = [
  'source',
  'load failed',
  'unbalanced',
  'not compared',
  'not compacted',
  'held back',
  'quarantine',
  'drift',
  'reload',
  'left out',
] as const
export type StatusLine = (typeof statusLines)[number]

/** The status of a run for people: one line for each table, one for the stages. */
export function statusTable(status: RunStatus, output: Output, looking: Looking, kept: Kept = {}): string {
  const { proofs = {}, unproven = {} } = kept
  const { pagesBehind, rates, freshnessMs, memoryMb, tables } = status
  const rows = tables.map(({ table, state, loadedRows, changes, quarantined, balance }) => [
    table,
    paint(output, state === 'streaming' ? colourOf(balance) : state === 'failed' ? 'red' : 'cyan', state),
    count(loadedRows),
    count(changes),
    balance === null ? '' : count(balance.landed),
    quarantined > 0 ? paint(output, 'yellow', count(quarantined)) : '0',
    balance === null ? '' : count(balance.inFlight),
    balance === null ? '' : verdict(balance, output),
    unproven[table] === undefined ? proofText(proofs[table], output) : paint(output, 'red', 'not compared'),
  ])
  const source = sourceWord(status, looking, output)
  const whole = source.isHeard ? 'lake is current' : 'lake has what was captured'
  const behind = pagesBehind === 0 ? whole : `${plural(pagesBehind, 'page')} behind`
  const freshness =
    freshnessMs.p50 === null
      ? ''
      : `, fresh after ${count(freshnessMs.p50)} ms (p99 ${count(freshnessMs.p99 ?? 0)} ms)`
  const uneven = status.balanced
    ? []
    : [`${word(output, 'red', 'unbalanced')} tidemark status --audit names what is missing`]
  const waiting =
    status.quarantineSince === null
      ? []
      : [`quarantine since ${status.quarantineSince.slice(0, 19)}: tidemark quarantine list`]
  return [
    alignedTable(
      ['table', 'state', 'loaded', 'changes', 'landed', 'quarantine', 'in flight', 'balance', 'last proof'],
      rows,
    ),
    `captured ${count(rates.captured)}/s → formatted ${count(rates.formatted)}/s → landed ${count(rates.landed)}/s; ${behind}${freshness}; ${count(memoryMb)} MB`,
    ...source.lines,
    ...unloadedLines(tables, output),
    ...uneven,
    ...keptLines(tables, kept, output),
    ...nameless(status.quarantineNameless, output),
    ...waiting,
    ...driftLines(tables, output),
    ...leftOutText(status.leftOut, output),
  ].join('\n')
}

/* The word that a line below the table begins with. */
function word(output: Output, colour: 'red' | 'yellow' | 'cyan', line: StatusLine): string {
  return paint(output, colour, line)
}

function unloadedLines(tables: RunStatus['tables'], output: Output): readonly string[] {
  return tables.flatMap(({ table, loadFailure }) =>
    loadFailure === null
      ? []
      : [
          `${word(output, 'red', 'load failed')} ${table}: ${loadFailure.code}: ${loadFailure.message}; tidemark load resume ${loadFailure.load}, or a new start`,
        ],
  )
}

function driftLines(tables: RunStatus['tables'], output: Output): readonly string[] {
  return tables.flatMap(({ table, unknownFields, drift: noted, reload }) => [
    ...(unknownFields.length > 0
      ? [
          `${word(output, 'yellow', 'drift')} ${table}: the source has ${unknownFields.join(', ')}, no contract does; the values are in _extra`,
        ]
      : []),
    ...noted.map(
      ({ operation, message, toDo }) =>
        `${word(output, 'yellow', 'drift')} ${table}: ${operation} at the source: ${message}; to do: ${toDo}`,
    ),
    ...(reload === null
      ? []
      : [`${word(output, 'cyan', 'reload')} ${table}: another load is due (${reload})`]),
  ])
}

/* What the last proofs and compactions of tables said that somebody has to know. */
function keptLines(
  tables: RunStatus['tables'],
  { proofs = {}, unproven = {}, uncompacted = {} }: Kept,
  output: Output,
): readonly string[] {
  const notCompared = tables.flatMap(({ table }) => {
    const failure = unproven[table]
    if (failure === undefined) return []
    const { at, code, message } = failure
    return [
      `${word(output, 'red', 'not compared')} ${table} since ${at.slice(0, 19)}: ${code}: ${message}${toDo(code)}`,
    ]
  })
  const notCompacted = Object.entries(uncompacted).map(([table, { at, code, message }]) => {
    return `${word(output, 'red', 'not compacted')} ${table} since ${at.slice(0, 19)}: ${code}: ${message}${toDo(code)}`
  })
  const heldBack = Object.entries(proofs).flatMap(([table, { heldBack: keys }]) =>
    keys === 0
      ? []
      : [
          `${word(output, 'yellow', 'held back')} ${table}: ${plural(keys, 'key')} at the last proof, no change in the lake has all of the row: ${HELD_BACK_FIX}`,
        ],
  )
  const unplaced = Object.entries(proofs).flatMap(([table, proof]) =>
    proof.unplaced === 0
      ? []
      : [
          `${paint(output, 'yellow', 'quarantine')} ${table}: at the last proof ${unplacedText(proof.unplaced)}`,
        ],
  )
  return [...notCompared, ...notCompacted, ...heldBack, ...unplaced]
}

/* A code of a later version is not known here. */
function toDo(code: string): string {
  const advice = new Map(Object.entries(failures)).get(code)?.advice
  return advice === undefined ? '' : `; to do: ${advice}`
}

/**
 * The last proof of each table, with its age in milliseconds; what kept the last one from being made; and what the last
 * compaction of table versions failed with.
 */
export interface Kept {
  readonly proofs?: Readonly<Record<string, ProofAge>>
  readonly unproven?: Readonly<Record<string, KeptFailure>>
  readonly uncompacted?: Readonly<Record<string, KeptFailure>>
}

export interface ProofAge
  extends Pick<KeptProof, 'equal' | 'sample' | 'different' | 'heldBack' | 'unplaced'> {
  readonly ageMs: number
}

function nameless(records: number, output: Output): readonly string[] {
  if (records === 0) return []
  const message = `${plural(records, 'record')} in quarantine ${records === 1 ? 'does not say its table' : 'do not say their table'}`
  return [
    `${paint(output, 'yellow', 'quarantine')} ${message}, so any table may lack a change: tidemark reconcile`,
  ]
}

function proofText(proof: ProofAge | undefined, output: Output): string {
  if (proof === undefined) return 'none'
  const { equal, sample, different, ageMs } = proof
  const part = sample === null ? '' : ` in ${sample} %`
  const verdict = equal
    ? paint(output, 'green', `equal${part}`)
    : paint(output, 'red', `${plural(different, 'differs', 'differ')}`)
  return `${verdict} ${ageText(ageMs)} ago`
}

type Balance = RunStatus['tables'][number]['balance']

/* Green says that every captured change is accounted for. */
function colourOf(balance: Balance): 'green' | 'red' {
  return balance?.balanced === false ? 'red' : 'green'
}

function verdict({ balanced, missing }: NonNullable<Balance>, output: Output): string {
  if (balanced) return paint(output, 'green', 'balanced')
  return paint(output, 'red', missing > 0 ? `${count(missing)} missing` : 'does not balance')
}
