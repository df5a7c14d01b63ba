import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Block, decodeBlockHeader } from '../../core/block.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { parseJsonObject } from '../../core/json.ts'
import { encodePages, type Page, type RawChange } from '../../core/page.ts'
import { formatPosition, loadPosition, nextStep } from '../../core/position.ts'
import { formatPage } from '../../formatters/format-page.ts'
import { type Route, router } from '../../formatters/route.ts'
import { runs } from '../support/budget.ts'
import { maskKey, people, withUnknownFields } from './people-table.ts'

/* Of Firehose: 1,000 KiB. */
const maxBlockBytes = 1_024_000

const routes = (...tables: readonly Table[]): readonly Route[] => router(tables, maskKey)('public.people')

async function pageOf(changes: readonly RawChange[], table = 'public.people'): Promise<Page> {
  const [page] = await encodePages(table, { shard: 's', sequence: '1' }, changes)
  if (page === undefined) throw new Error('no page')
  return page
}

function withBefore({ members }: RawChange, image: string): Buffer {
  return Buffer.from(`${members.toString('utf8')},"before-image":${image}`)
}

function insert(ordinal: number, members: Readonly<Record<string, string>> = {}): RawChange {
  const row = { id: String(ordinal), shop: '"paris-1"', pay: '10.00', ...members }
  const data = Object.entries(row).map(([name, value]) => `"${name}":${value}`)
  const position = formatPosition({ epoch: 0, lsn: 9n, ordinal, step: 0 })
  return {
    operation: 'insert',
    position,
    committedAt: '2026-03-02T08:15:31Z',
    members: Buffer.from(`"data":{${data.join(',')}}`),
  }
}

function load(id: number, pay = '10.00'): RawChange {
  return { ...insert(id, { pay }), operation: 'load', position: loadPosition(0, 4n), committedAt: null }
}

/* A block as landing reads it. */
function linesOf({ text, table, version, rows, label }: Block): readonly unknown[][] {
  const [header = '', ...lines] = text.toString('utf8').trimEnd().split('\n')
  expect(decodeBlockHeader(header)).toEqual({
    table,
    version,
    label,
    columns: routes(people)[0]?.codec.columns,
  })
  expect(lines).toHaveLength(rows)
  return lines.map((line) => JSON.parse(line))
}

const idsOf = (blocks: readonly Block[]) =>
  blocks
    .flatMap(linesOf)
    .filter(([operation]) => operation !== 'refused')
    .map((row) => row[6])
const marksOf = (blocks: readonly Block[]) =>
  blocks.flatMap(linesOf).filter(([operation]) => operation === 'refused')

test('G1: every change is in a block or refused, and the neighbours of a refused change pass', async () => {
  const anyBad = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(anyBad, async (isBad) => {
      const page = await pageOf(isBad.map((bad, i) => insert(i + 1, bad ? { pay: '"x"' } : {})))
      const { blocks, refused } = formatPage(page, routes(people), maxBlockBytes)
      const places = isBad.map((bad, i) => ({ bad, id: String(i + 1) }))
      expect(idsOf(blocks)).toEqual(places.filter(({ bad }) => !bad).map(({ id }) => id))
      const bad = places.filter((one) => one.bad).map(({ id }) => id)
      expect(refused.map(({ payload }) => String(JSON.parse(payload).data.id))).toEqual(bad)
      expect(marksOf(blocks).map((row) => row[6])).toEqual(bad)
    }),
    { numRuns: runs(50) },
  )
})

test('G1: the counts of each contract and the labels of its blocks add up to the changes of the page', async () => {
  const anyKinds = fc.array(fc.constantFrom('good', 'bad', 'moved'), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(anyKinds, fc.integer({ min: 900, max: 1500 }), async (kinds, limit) => {
      const page = await pageOf(
        kinds.map((kind, i) => {
          const plain = insert(i + 1, kind === 'bad' ? { pay: '"x"' } : {})
          const members = withBefore(plain, `{"id":90${i},"shop":"paris-1"}`)
          return kind === 'moved' ? { ...plain, operation: 'update', members } : plain
        }),
      )
      const { contracts, changes, blocks } = formatPage(
        page,
        routes(people, { ...people, version: 2 }),
        limit,
      )
      expect(changes).toBe(kinds.length)
      expect(contracts.map(({ contract }) => contract)).toEqual(
        [1, 2].map((version) => ({ name: 'hr.people', version })),
      )
      for (const one of contracts) {
        const inBlocks = one.blocks.reduce((sum, { label }) => sum + (label?.changes ?? Number.NaN), 0)
        expect(inBlocks + one.refused).toBe(kinds.length)
      }
      for (const { rows, label } of blocks) expect([label?.rows, label?.page]).toEqual([rows, page.key])
    }),
    { numRuns: runs(50) },
  )
})

test('G1: without a contract every change is counted as refused', async () => {
  const { contracts } = formatPage(await pageOf([insert(1), insert(2)]), [], maxBlockBytes)
  expect(contracts).toEqual([{ contract: null, blocks: [], refused: 2, marks: 0 }])
})

describe('G1: a refused change', () => {
  const bad = insert(2, { pay: '12345678901234567890.125', level: '"x"', surprise: '{"a":1.50}' })

  test('goes to quarantine whole, digit for digit, with its reasons', async () => {
    const { refused } = formatPage(await pageOf([insert(1), bad]), routes(people), maxBlockBytes)
    expect(refused).toHaveLength(1)
    const [entry] = refused
    expect(entry).toMatchObject({
      stage: 'format',
      table: 'public.people',
      contract: { name: 'hr.people', version: 1 },
      position: bad.position,
      encoding: 'json',
      reasons: [
        { code: 'format/bad-value', path: 'pay', message: 'must fit decimal(12,2)' },
        { code: 'format/bad-value', path: 'level', message: 'must be a 16-bit integer' },
      ],
    })
    expect(parseJsonObject(entry?.payload ?? '')).toEqual({
      operation: 'insert',
      position: bad.position,
      'committed-at': '2026-03-02T08:15:31Z',
      ...parseJsonObject(`{${bad.members}}`),
      'before-image': null,
    })
  })

  test('keeps the old key of an update', async () => {
    const update: RawChange = {
      ...bad,
      operation: 'update',
      members: withBefore(bad, '{"id":7}'),
    }
    const { refused } = formatPage(await pageOf([update]), routes(people), maxBlockBytes)
    expect(JSON.parse(refused[0]?.payload ?? '')['before-image']).toEqual({ id: 7 })
  })

  test('G3: has the same id on every run, and no other change has it', async () => {
    const changes = [load(1, '"x"'), load(2, '"x"'), load(3, '"x"'), insert(1, { pay: '"x"' }), bad]
    const ids = async () => {
      const { refused } = formatPage(await pageOf(changes), routes(people), maxBlockBytes)
      return refused.map(({ id }) => id)
    }
    const first = await ids()
    expect(await ids()).toEqual(first)
    expect(new Set(first).size).toBe(5)
  })

  test('of two contracts is refused by each on its own', async () => {
    const strict = { ...withUnknownFields('quarantine'), version: 2 }
    const odd = insert(1, { surprise: '1' })
    const { blocks, refused } = formatPage(await pageOf([odd]), routes(people, strict), maxBlockBytes)
    expect(blocks.flatMap(linesOf).map(([operation]) => operation)).toEqual(['insert', 'refused'])
    expect(blocks.map(({ version, label }) => [version, label?.changes])).toEqual([
      [1, 1],
      [2, 0],
    ])
    expect(refused.map(({ contract }) => contract)).toEqual([{ name: 'hr.people', version: 2 }])
  })
})

test('G1: without a contract every change is refused, whole', async () => {
  const { blocks, refused } = formatPage(
    await pageOf([insert(1), insert(2)], 'public.doors'),
    [],
    maxBlockBytes,
  )
  expect(blocks).toEqual([])
  expect(refused.map(({ contract, reasons }) => [contract, reasons[0]?.code])).toEqual([
    [null, 'format/no-contract'],
    [null, 'format/no-contract'],
  ])
})

test('every live contract of a table gets its own blocks', async () => {
  const next = { ...people, version: 2 }
  const { blocks } = formatPage(await pageOf([insert(1), insert(2)]), routes(people, next), maxBlockBytes)
  expect(blocks.map(({ table, version, rows }) => [table, version, rows])).toEqual([
    ['hr.people', 1, 2],
    ['hr.people', 2, 2],
  ])
})

describe('G9: blocks', () => {
  test('hold at most the bytes they may, and together all rows in order', async () => {
    const anyRows = fc.array(fc.string({ unit: fc.constantFrom('a', '"', 'é', '😀', '\\'), maxLength: 60 }), {
      minLength: 1,
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(anyRows, fc.integer({ min: 800, max: 1800 }), async (texts, limit) => {
        const rows = texts.map((text, i) => insert(i + 1, { surprise: JSON.stringify(text) }))
        const { blocks, refused } = formatPage(await pageOf(rows), routes(people), limit)
        for (const { text } of blocks) expect(text.length).toBeLessThanOrEqual(limit)
        expect(blocks.map(({ label }) => label?.ordinal)).toEqual(blocks.map((_, i) => i))
        expect(refused).toEqual([])
        expect(idsOf(blocks)).toEqual(texts.map((_, i) => String(i + 1)))
      }),
      { numRuns: runs(50) },
    )
  })

  test('a row that no block can hold is quarantined, and the next one passes', async () => {
    const large = insert(2, { surprise: JSON.stringify('Lovelace'.repeat(100)) })
    const { blocks, refused } = formatPage(await pageOf([insert(1), large, insert(3)]), routes(people), 1_000)
    expect(idsOf(blocks)).toEqual(['1', '3'])
    expect(marksOf(blocks).map((row) => row[6])).toEqual(['2'])
    expect(refused.map(({ reasons }) => reasons)).toEqual([
      [{ code: 'format/row-too-large', path: '', message: 'is larger than 1000 bytes as a lake row' }],
    ])
  })

  test('a block may be exactly as large as it may be', async () => {
    const page = await pageOf([insert(1), insert(2)])
    const [whole] = formatPage(page, routes(people), maxBlockBytes).blocks
    const size = whole?.text.length ?? 0
    expect(formatPage(page, routes(people), size).blocks).toHaveLength(1)
    expect(formatPage(page, routes(people), size - 1).blocks).toHaveLength(2)
  })

  test('a row is judged with its header', async () => {
    const page = await pageOf([insert(1)])
    const size = formatPage(page, routes(people), maxBlockBytes).blocks[0]?.text.length ?? 0
    expect(formatPage(page, routes(people), size)).toMatchObject({ blocks: [{ rows: 1 }], refused: [] })
    const { blocks, refused } = formatPage(page, routes(people), size - 1)
    expect([idsOf(blocks), marksOf(blocks).length, refused.length]).toEqual([[], 1, 1])
    /* Not even the mark has room. */
    expect(formatPage(page, routes(people), 500)).toMatchObject({ blocks: [], refused: [{}] })
  })

  test('the two rows of a changed key are in one block', async () => {
    const moved: RawChange = {
      ...insert(2),
      operation: 'update',
      members: withBefore(insert(2), '{"id":9,"shop":"paris-1"}'),
    }
    const page = await pageOf([insert(1), moved, insert(3)])
    for (let limit = 900; limit < 1500; limit += 20) {
      const { blocks } = formatPage(page, routes(people), limit)
      const halves = blocks.filter((block) => linesOf(block).some((row) => row[1] === moved.position))
      expect(linesOf(halves[0] as Block).map((row) => row[0])).toContain('delete')
      expect(halves.flatMap(linesOf).filter((row) => row[6] === '2' || row[6] === '9')).toHaveLength(2)
    }
  })

  test('of a page whose changes are all refused hold marks and no change; a key that cannot be read has none', async () => {
    const moved: RawChange = {
      ...insert(2, { pay: '"x"' }),
      operation: 'update',
      members: withBefore(insert(2, { pay: '"x"' }), '{"id":9,"shop":"paris-1"}'),
    }
    const page = await pageOf([insert(1, { pay: '"x"' }), moved, insert(3, { id: '"x"' })])
    const { blocks } = formatPage(page, routes(people), maxBlockBytes)
    expect(blocks.map(({ rows, label }) => [rows, label?.changes])).toEqual([[2, 0]])
    const key = (id: string) => [null, null, id, 'paris-1', ...Array.from({ length: 8 }, () => null)]
    /* Of a change of the key the mark is of the key that the row has now. */
    const at = [insert(1).position, nextStep(moved.position)]
    expect(blocks.flatMap(linesOf)).toEqual([
      ['refused', at[0], 0, Date.parse('2026-03-02T08:15:31Z'), ...key('1')],
      ['refused', at[1], 0, Date.parse('2026-03-02T08:15:31Z'), ...key('2')],
    ])
  })
})

test('G3: the same page makes the same blocks, byte for byte', async () => {
  const page = await pageOf([insert(1), insert(2, { surprise: '1' }), load(3)])
  expect(formatPage(page, routes(people), 900)).toEqual(formatPage(page, routes(people), 900))
})
