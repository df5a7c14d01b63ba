import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { costCommand } from '../../cli/commands/stack/cost.ts'
import type { Output } from '../../cli/terminal/output.ts'
import type { CostAnswer } from '../../cli/view/cost/cost-answer.ts'
import { costAnswer } from '../../cli/view/cost/cost-answer.ts'
import { costText } from '../../cli/view/cost/cost-text.ts'
import { money, unitsText } from '../../cli/view/cost/money.ts'
import { billOf } from '../../cost/bill.ts'
import { listPrices } from '../../cost/list-prices.ts'
import { STALE_DAYS } from '../../cost/price-sheet.ts'
import { defaultSetup } from '../../cost/setup.ts'
import { noVolume } from '../../cost/volume.ts'
import { designedMonth } from '../../cost/what-if.ts'
import { writeJsonFile } from '../../local/documents/json-file.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { tempFolder } from '../support/temp-folder.ts'

afterEach(() => {
  process.exitCode = undefined
})

/** Runs the command and gives what it wrote to standard output. */
async function cost(...args: readonly string[]): Promise<string> {
  const lines: string[] = []
  const output: Output = {
    isTerminal: false,
    columns: 100,
    result: (text) => lines.push(text),
    progress: () => undefined,
  }
  await costCommand({ output, sourceFromEnvironment: undefined })
    .exitOverride()
    .parseAsync(['node', 'cost', ...args])
  return lines.join('\n')
}

const json = async (...args: readonly string[]): Promise<CostAnswer> =>
  JSON.parse(await cost(...args, '--json'))

/** A folder whose run has metered a table for an hour. */
async function metered(): Promise<string> {
  const dir = await tempFolder()
  const table = {
    ...noVolume,
    changes: 3_600,
    recordBytes: 3_600_000,
    streamBytes: 3_686_400,
    pages: 36,
    items: 36,
  }
  const whole = {
    ...table,
    itemBytes: 360_000,
    itemUnits: 360,
    blocks: 36,
    blockBytes: 1_800_000,
    firehoseBytes: 1_843_200,
  }
  const reading = {
    format: 1,
    since: '2026-11-28T10:00:00.000Z',
    seconds: 3_600,
    tables: { 'public.things': whole },
  }
  await writeJsonFile(runFolder(dir).meter, reading)
  return dir
}

test('a run is priced for a month at its rate, by stage and table', async () => {
  const dir = await metered()
  const { basis, bill, region } = await json('--dir', dir)
  expect(basis).toMatchObject({ kind: 'run', seconds: 3_600, isScaled: false })
  expect(region).toBe('eu-west-1')
  expect(bill.changes).toBeCloseTo(730 * 3_600, 6)
  expect(bill.tables.map(({ table }) => table)).toEqual(['public.things', null])
  const written = bill.lines.find(({ stage, id }) => stage === 'capture' && id === 'dynamodb.write')
  expect(written?.units).toBeCloseTo(730 * (360 + 36), 6)
  const text = await cost('--dir', dir)
  expect(text).toContain('at the rate of the run')
  expect(text).toMatch(/^total +\d/m)
})

test('one table is priced alone, by stage; a table without changes is none', async () => {
  const dir = await metered()
  const whole = await json('--dir', dir)
  const { bill, levers } = await json('--dir', dir, '--table', 'public.things')
  expect(bill.tables).toEqual(whole.bill.tables.filter(({ table }) => table === 'public.things'))
  expect(bill.perMonth).toBeCloseTo(whole.bill.perMonth, 9)
  expect(bill.fixedPerMonth).toBeLessThan(whole.bill.fixedPerMonth)
  expect(levers).toEqual([])
  await expect(cost('--dir', dir, '--table', 'public.none')).rejects.toMatchObject({
    code: 'usage/invalid',
    message: expect.stringContaining('public.things'),
  })
})

test('the same run with other volume, region, setup and prices', async () => {
  const dir = await metered()
  const prices = join(dir, 'prices.json')
  const setup = join(dir, 'setup.json')
  await writeFile(
    prices,
    JSON.stringify({ date: '2027-01-05', source: 'our contract', usd: { 'kinesis.in': 1 } }),
  )
  await writeFile(setup, JSON.stringify({ zones: 1, architecture: 'arm' }))
  const options = ['--dir', dir, '--region', 'us-east-1', '--prices', prices, '--setup', setup]
  const { bill, region, unverified, setup: used } = await json(...options, '--changes-per-month', '100M')
  expect(region).toBe('us-east-1')
  expect(bill.changes).toBeCloseTo(100e6, 3)
  expect(used).toMatchObject({ zones: 1, architecture: 'arm', shards: defaultSetup.shards })
  expect(unverified.ids).not.toContain('kinesis.in')
  const incoming = bill.lines.find(({ id }) => id === 'kinesis.in')
  expect(incoming?.usd).toBeCloseTo(incoming?.units ?? 0, 9)
  expect(bill.lines.some(({ id }) => id === 'lambda.x86')).toBe(false)
})

test('rows that nobody metered need no run', async () => {
  const text = await cost('--changes-per-month', '100M', '--row-bytes', '600', '--tables', '40', '--units')
  expect(text).toContain('rows of 600 bytes in 40 tables')
  expect(text).toMatch(/^table 40 /m)
  expect(text).toMatch(/stream +kinesis\.in/)
})

test.each([
  ['no JSON', '{', 'no readable JSON'],
  ['a price that is none', '{"date":"2027-01-05","usd":{"kinesis.in":"cheap"}}', 'usd.kinesis.in'],
  ['a price of nothing that is billed', '{"date":"2027-01-05","usd":{"kinesis.inn":1}}', 'usd'],
  ['no date', '{"usd":{}}', 'date'],
])('a file of prices that is wrong says where: %s', async (_, text, place) => {
  const file = join(await tempFolder(), 'prices.json')
  await writeFile(file, text)
  await expect(cost('--row-bytes', '1', '--prices', file)).rejects.toMatchObject({
    code: 'cost/bad-file',
    message: expect.stringContaining(place),
  })
})

test('what cannot be priced is said', async () => {
  const dir = await tempFolder()
  await expect(cost('--dir', dir)).rejects.toMatchObject({ code: 'run/not-found' })
  await writeJsonFile(runFolder(dir).meter, { format: 1, since: '', seconds: 5, tables: {} })
  await expect(cost('--dir', dir)).rejects.toMatchObject({ code: 'cost/nothing-metered' })
  await expect(cost('--row-bytes', '1', '--region', 'mars-1')).rejects.toMatchObject({
    code: 'cost/no-region',
  })
})

test('old prices are said to be old, and prices that no source shows are marked', () => {
  const sheet = listPrices.get('eu-west-1')
  if (sheet === undefined) throw new Error('no prices')
  const month = designedMonth({ changesPerMonth: 1e6, rowBytes: 100, tables: 1 }, defaultSetup)
  const bill = billOf(month, defaultSetup, sheet)
  const basis = { kind: 'design', rowBytes: 100, tables: 1 } as const
  const output: Output = {
    isTerminal: false,
    columns: 100,
    result: () => undefined,
    progress: () => undefined,
  }
  const after = (days: number) => {
    const now = Date.parse(sheet.date) + days * 86_400_000
    return costText(costAnswer({ basis, bill, levers: [], setup: defaultSetup }, sheet, now), output, false)
  }
  expect(after(STALE_DAYS)).not.toContain('days old')
  expect(after(STALE_DAYS + 1)).toContain('Prices are 181 days old')
  expect(after(0)).toContain('dms.hour ?')
  expect(after(0)).toContain('unverified')
})

test('money and units have the digits that matter', () => {
  expect([0, 0.000_01, 0.0042, 0.5, 12.345, 1_234.5].map(money)).toEqual([
    ...['0', '0.0000', '0.0042', '0.50', '12.35', '1,235'],
  ])
  expect([0.0012, 1.5, 999, 12_345, 1.5e6, 2.5e9].map(unitsText)).toEqual([
    ...['0.0012', '1.50', '999', '12,345', '1.50 M', '2.50 G'],
  ])
})
