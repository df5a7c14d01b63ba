import { columnsThatFit } from '../../aws/glue/view-input.ts'
import { guessPii } from '../../core/contract/infer/guess-pii.ts'
import { unassigned } from '../../core/contract/infer/infer-table.ts'
import type { Column } from '../../core/contract/language/column.ts'
import { snakeCase } from '../../core/contract/language/lake-names.ts'
import { splitLakeName } from '../../core/contract/language/lake-table-name.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { exportName } from '../../core/contract/print/print-contract.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import type { ContractFile } from '../load/load-contracts.ts'
import type { ContractRuleId } from './contract-rules.ts'
import { type Finding, findingAt } from './finding.ts'

/** What a careful reviewer would say about one contract, as findings; `// allow C105: reason` above a line silences one. */
export function reviewContract(file: ContractFile): readonly Finding[] {
  if (file.loaded.kind === 'failed') return []
  const { table } = file.loaded
  const findings = [
    ...naming(file, table, file.loaded.exportName),
    ...say(table.owner === unassigned, file, ['owner'], 'C112', `the owner is "${unassigned}"`),
    ...say(
      saysNothing(table.description, splitLakeName(table.name).table),
      file,
      ['description'],
      'C104',
      'the description of the table says no more than its name',
    ),
    ...width(file, table),
    ...Object.entries(table.columns).flatMap(([name, column]) => reviewColumn(file, table, name, column)),
  ]
  return findings.filter((finding) => !isAllowed(file, finding))
}

function naming(file: ContractFile, table: Table, exported: string): readonly Finding[] {
  const { name, version } = file
  return [
    ...say(table.name !== name, file, ['name'], 'C102', `the path says ${name}, the contract ${table.name}`),
    ...say(
      table.version !== version,
      file,
      ['version'],
      'C102',
      `the path says version ${version}, the contract ${table.version}`,
    ),
    ...say(
      exported !== exportName(table),
      file,
      [],
      'C102',
      `exported as ${exported}, not ${exportName(table)}`,
    ),
  ]
}

/* Glue takes a view of 409,600 characters; it grows with the first base. */
function width(file: ContractFile, table: Table): readonly Finding[] {
  const fitting = columnsThatFit(catalogTable(table))
  const has = Object.keys(table.columns).length
  const text = `${has} columns, of which about ${fitting} fit the view of current in Athena`
  return say(fitting !== undefined, file, ['columns'], 'C114', text)
}

function reviewColumn(file: ContractFile, table: Table, name: string, column: Column): readonly Finding[] {
  const path = ['columns', name]
  const { type, pii, description } = column
  const guess = pii === undefined ? guessPii(column.from ?? name, type) : undefined
  const isFloat = type.kind === 'double' || type.kind === 'real'
  const isOpenText = type.kind === 'string' && type.max === undefined
  return [
    ...say(
      saysNothing(description, name),
      file,
      path,
      'C104',
      `${name}: the description says no more than the name`,
    ),
    ...say(guess !== undefined, file, path, 'C105', `${name}: looks like ${guess}, and pii is left out`),
    ...say(isFloat && isMoney(name), file, path, 'C106', `${name}: money as ${type.kind}`),
    ...say(
      isOpenText && table.primaryKey.includes(name),
      file,
      path,
      'C107',
      `${name}: a key of text without a bound`,
    ),
  ]
}

function say(
  isFault: boolean,
  file: ContractFile,
  path: readonly string[],
  rule: ContractRuleId,
  message: string,
): readonly Finding[] {
  return isFault ? [findingAt(file, path, rule, message)] : []
}

/* Words that add nothing to a name. */
const FILLER =
  /^(a|an|the|of|for|in|on|is|this|that|its|with|to|and|or|column|table|field|value|row|rows|data|source)$/

function saysNothing(description: string, name: string): boolean {
  if (/describe it for analysts$|^(todo|tbd|fixme)\b/i.test(description)) return true
  const known = new Set(wordsOf(name))
  return wordsOf(description).every((word) => FILLER.test(word) || known.has(word))
}

function wordsOf(text: string): readonly string[] {
  return snakeCase(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .map((word) => (word.length > 3 ? word.replace(/s$/, '') : word))
}

const MONEY =
  /_(price|amount|cost|salary|wage|pay|fee|total|subtotal|balance|revenue|budget|tax|vat|bonus|discount|money|eur|usd|gbp)s?_/

function isMoney(name: string): boolean {
  return MONEY.test(`_${snakeCase(name)}_`)
}

/* On the line itself, or in the comment lines right above it. */
function isAllowed({ text }: ContractFile, { line, rule }: Finding): boolean {
  const lines = text.split('\n')
  const allow = new RegExp(`\\ballow ${rule}: \\S`)
  if (allow.test(lines[line - 1] ?? '')) return true
  for (let above = line - 2; /^\s*(\/\/|\/\*|\*)/.test(lines[above] ?? ''); above -= 1)
    if (allow.test(lines[above] ?? '')) return true
  return false
}
