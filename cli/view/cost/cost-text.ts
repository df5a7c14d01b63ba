import { count, plural } from '../../../core/amount-text.ts'
import type { BillLine, Share } from '../../../cost/bill.ts'
import type { PriceSheet } from '../../../cost/price-sheet.ts'
import { alignedTable, type Output, paint } from '../../terminal/output.ts'
import type { CostAnswer } from './cost-answer.ts'
import { money, unitsText } from './money.ts'

/** Tables that are shown one by one. */
const MOST_TABLES = 20
/** Below this a rate says little of a month. */
const SHORT_SECONDS = 600

/** A bill for people: stages, tables, what settings would change, and how far to trust it. */
export function costText(answer: CostAnswer, output: Output, areAllLines: boolean): string {
  const { bill, levers } = answer
  const total = ['total', ...moneys(bill), '']
  const stages = bill.stages.filter(({ perMonth, fixedPerMonth }) => perMonth + fixedPerMonth > 0)
  const stageRows = stages.map((share) => [share.stage, ...moneys(share), mostOf(answer, share.stage)])
  const shareHeads = ['$/million changes', 'changes, $/month', 'fixed, $/month']
  return [
    titleOf(answer, output),
    alignedTable(['stage', ...shareHeads, 'most of it'], [...stageRows, total]),
    ...(areAllLines ? ['', linesTable(answer)] : []),
    '',
    alignedTable(['table', 'changes/month', ...shareHeads], tableRows(answer, areAllLines)),
    '',
    ...leversText(levers),
    ...notesOf(answer),
  ].join('\n')
}

/* Tables of a design are all the same; of many, the most expensive are shown. */
function tableRows({ basis, bill }: CostAnswer, areAll: boolean): readonly (readonly string[])[] {
  const tables = bill.tables
    .filter(({ table, perMonth, fixedPerMonth }) => table !== null && perMonth + fixedPerMonth > 0)
    .toSorted((one, other) => other.perMonth + other.fixedPerMonth - one.perMonth - one.fixedPerMonth)
  const shown = areAll ? tables : tables.slice(0, basis.kind === 'design' ? 1 : MOST_TABLES)
  const rows = shown.map((share) => [
    basis.kind === 'design' && !areAll ? `each of ${count(basis.tables)}` : (share.table ?? ''),
    count(Math.round(share.changes)),
    ...moneys(share),
  ])
  const left = tables.slice(shown.length)
  if (left.length > 0 && basis.kind !== 'design')
    rows.push([
      `${left.length} more`,
      count(Math.round(left.reduce((sum, { changes }) => sum + changes, 0))),
      ...moneys(sumOf(left)),
    ])
  const nobody = bill.tables.find(({ table }) => table === null)
  return nobody === undefined ? rows : [...rows, ['of no table', '-', ...moneys(nobody)]]
}

function sumOf(shares: readonly (Share & { readonly changes: number })[]): Share {
  const sum = (of: (share: Share & { readonly changes: number }) => number) =>
    shares.reduce((total, share) => total + of(share), 0)
  const [perMonth, changes] = [sum((share) => share.perMonth), sum((share) => share.changes)]
  return {
    perMonth,
    fixedPerMonth: sum((share) => share.fixedPerMonth),
    perMillion: changes > 0 ? (perMonth / changes) * 1e6 : null,
  }
}

function titleOf({ basis, bill, region, prices }: CostAnswer, output: Output): string {
  const sheet = `${region}, list prices of ${prices.date}`
  const month = `${unitsText(bill.changes)} changes a month`
  const all = bill.perMonth + bill.fixedPerMonth
  const each = bill.changes > 0 ? ` ($${money((all / bill.changes) * 1e6)} a million)` : ''
  const together = `${paint(output, 'bold', `$${money(all)} a month`)}${each}`
  switch (basis.kind) {
    case 'design':
      return `${together} for ${month}, rows of ${count(basis.rowBytes)} bytes in ${plural(basis.tables, 'table')}; ${sheet}\n`
    case 'run': {
      const rate = basis.isScaled ? 'such as those of the run' : 'at the rate of the run'
      return `${together} for ${month}, ${rate} in ${basis.dir} (metered for ${periodText(basis.seconds)}); ${sheet}\n`
    }
    case 'stack':
      return `${together} for ${month}, at the rate of ${periodText(basis.seconds)} since ${basis.since}; ${sheet}\n`
  }
}

function moneys({ perMillion, perMonth, fixedPerMonth }: Share): readonly string[] {
  return [perMillion === null ? '-' : money(perMillion), money(perMonth), money(fixedPerMonth)]
}

function mostOf({ bill, sheet }: CostAnswer, stage: string): string {
  const [first] = bill.lines
    .filter((line) => line.stage === stage)
    .toSorted((one, other) => other.usd - one.usd)
  return first === undefined ? '' : lineText(first, sheet)
}

function lineText({ id, units, usd }: BillLine, sheet: PriceSheet['prices']): string {
  const doubt = sheet[id].seen === null ? ' ?' : ''
  return `$${money(usd)} ${id}${doubt}: ${unitsText(units)} ${sheet[id].unit}`
}

function linesTable({ bill, sheet }: CostAnswer): string {
  const rows = bill.lines.map(({ stage, id, units, usd, isFixed }) => {
    const { usd: price, per, unit, seen } = sheet[id]
    const each = per === 1 ? `${price}` : `${price} / ${unitsText(per)}`
    return [
      stage,
      id,
      unitsText(units),
      unit,
      `${each}${seen === null ? ' ?' : ''}`,
      money(usd),
      isFixed ? 'fixed' : 'changes',
    ]
  })
  return alignedTable(['stage', 'price', 'units', 'of', 'list, $', '$/month', 'for'], rows)
}

function leversText(levers: CostAnswer['levers']): readonly string[] {
  if (levers.length === 0) return []
  const rows = levers.map(({ name, from, to, difference }) => [
    name,
    from,
    to,
    `${difference > 0 ? '+' : ''}${money(difference)}`,
  ])
  return [alignedTable(['what if', 'from', 'to', '$/month'], rows), '']
}

function notesOf({ basis, unverified, prices }: CostAnswer): readonly string[] {
  const { ids, share } = unverified
  const guessed = `? unverified: no source was read that shows the price. ${Math.round(share * 100)} % of the bill: ${ids.join(', ')}. Put yours over them with --prices.`
  const age = `Prices are ${prices.ageDays} days old: read them anew, and give them with --prices.`
  return [
    ...(ids.length > 0 ? [guessed] : []),
    ...(prices.isOld ? [age] : []),
    ...(basis.kind === 'run' && !basis.isScaled && basis.seconds < SHORT_SECONDS
      ? [`Metered for ${periodText(basis.seconds)} only: say what to expect with --changes-per-month.`]
      : []),
    ...(basis.kind === 'stack'
      ? basis.gaps
      : [
          'Calls and objects are counted as the windows and buffers of the stacks make them; times of functions are estimates.',
        ]),
    'Not in it: free tiers, discounts, taxes, full loads, the source database, people. docs/18-cost.md says what is.',
  ]
}

function periodText(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} hours` : `${Math.round(seconds / 86_400)} days`
}
