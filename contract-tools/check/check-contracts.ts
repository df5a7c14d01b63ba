import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EvolutionRuleId, RuleHit } from '../../core/contract/evolution/evolution-rules.ts'
import { printTableVersion } from '../../core/contract/language/table-version.ts'
import { indexText } from '../load/index-file.ts'
import { type ContractFile, type ContractsFolder, loadContracts, shownPath } from '../load/load-contracts.ts'
import { lockFileName, readLock } from '../load/lock-file.ts'
import { readRetired } from '../load/retired-file.ts'
import { readSamples } from '../load/sample-files.ts'
import { compareLock, hitsOf, type VersionChange } from './compare-lock.ts'
import { fixOf } from './contract-rules.ts'
import { type Finding, findingAt, sortFindings } from './finding.ts'
import { loadFailures } from './load-failures.ts'
import { reviewContract } from './review-contract.ts'
import { reviewSamples } from './review-samples.ts'

export interface Checked {
  readonly versions: number
  readonly samples: number
  /** By file and place. */
  readonly findings: readonly Finding[]
}

/** Everything that `contract check` looks for in a schemas folder; nothing in it is run but the contracts themselves. */
export async function checkContracts(schemas: string, from: string): Promise<Checked> {
  const folder = await loadContracts(schemas, from)
  const findings: Finding[] = []
  let samples = 0
  for (const file of folder.files) {
    const own = await readSamples(folder, file, from)
    samples += own.length
    findings.push(...loadFailures(file, folder.root), ...reviewContract(file), ...reviewSamples(file, own))
  }
  findings.push(...(await reviewLock(folder, from)), ...(await reviewIndex(folder)))
  return { versions: folder.files.length, samples, findings: sortFindings(findings) }
}

/** A broken rule at the column or the member it is about. */
export function hitFinding(file: ContractFile, { rule, column, message }: RuleHit): Finding {
  const member = MEMBERS[rule]
  const path = member === undefined ? [] : [member]
  return findingAt(file, column === undefined ? path : ['columns', column], rule, message)
}

/* Where a contract says what a rule about the whole table is about. */
const MEMBERS: Readonly<Partial<Record<EvolutionRuleId, string>>> = {
  Q101: 'columns',
  Q104: 'primaryKey',
  Q105: 'partitionBy',
  Q111: 'unknownFields',
  F203: 'version',
  I305: 'checks',
  I307: 'unknownFields',
  I308: 'source',
}

async function reviewLock(folder: ContractsFolder, from: string): Promise<readonly Finding[]> {
  const changes = compareLock(folder, (await readLock(folder.root)) ?? [], await readRetired(folder.root))
  const lock = shownPath(join(folder.root, lockFileName), from)
  return changes.flatMap((change) => reviewChange(change, lock))
}

function reviewChange(change: VersionChange, lock: string): readonly Finding[] {
  const hits = hitsOf(change)
  const stale = (message: string): Finding => ({
    ...(change.kind === 'new' || change.kind === 'changed'
      ? findingAt(change.file, ['version'], 'C111', message)
      : { file: lock, line: 1, column: 1, rule: 'C111', message, fix: fixOf('C111') }),
  })
  switch (change.kind) {
    case 'retired':
      return [stale(`${printTableVersion(change.before)} is retired and still in ${lock}`)]
    case 'gone':
      return hits.map(({ rule, message }) => ({
        file: lock,
        line: 1,
        column: 1,
        rule,
        message,
        fix: fixOf(rule),
      }))
    case 'new':
      return [stale(`version ${change.after.version} is not in ${lock}`), ...found(change.file, hits)]
    case 'changed':
      if (change.change.kind === 'additive') return [stale(change.change.notes.join('; '))]
      return found(change.file, hits)
  }
}

function found(file: ContractFile, hits: readonly RuleHit[]): readonly Finding[] {
  return hits.map((hit) => hitFinding(file, hit))
}

/* A folder of one's own needs no list; where there is one, it is complete. */
async function reviewIndex(folder: ContractsFolder): Promise<readonly Finding[]> {
  const text = await readFile(join(folder.root, 'index.ts'), 'utf8').catch(() => undefined)
  if (text === undefined || text === indexText(folder)) return []
  return folder.files.flatMap((file) =>
    file.loaded.kind === 'failed' || text.includes(`./${file.path}'`)
      ? []
      : [findingAt(file, [], 'C113', `${file.loaded.exportName} is not in index.ts`)],
  )
}
