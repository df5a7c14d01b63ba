import { expect, test } from 'vitest'
import type { Block } from '../../core/block.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { PageRecord } from '../../core/ledger/ledger.ts'
import { encodePages, type Page } from '../../core/page.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import { formatPosition } from '../../core/position.ts'
import { type FormatStoredDeps, formatStored } from '../../formatters/format-stored.ts'
import { router } from '../../formatters/route.ts'
import { maskKey, people } from './people-table.ts'

async function pageOf(at: number, pays: readonly string[]): Promise<Page> {
  const changes = pays.map((pay, index) => ({
    operation: 'insert' as const,
    position: formatPosition({ epoch: 0, lsn: BigInt(at), ordinal: index + 1, step: 0 }),
    committedAt: '2026-03-02T08:15:31Z',
    members: Buffer.from(`"data":{"id":${index},"shop":"paris-1","pay":${pay}}`),
  }))
  const [page] = await encodePages('public.people', { shard: 's', sequence: `${at}` }, changes)
  if (page === undefined) throw new Error('no page')
  return page
}

/* A page that passes whole, one with a refusal, one of nothing else, and one that makes two blocks. */
const pages = await Promise.all([
  pageOf(1, ['10.00', '11.00']),
  pageOf(2, ['10.00', '"x"']),
  pageOf(3, ['"x"']),
  pageOf(
    4,
    Array.from({ length: 30 }, () => '10.00'),
  ),
])
const [plain, ...others] = pages.map(({ key }) => key)

function under(tables: readonly Table[], more: Partial<FormatStoredDeps> = {}) {
  const said: string[] = []
  const recorded: PageRecord[] = []
  const blocks: Block[] = []
  const deps: FormatStoredDeps = {
    quarantine: {
      put: async (entries: readonly QuarantineEntry[]) => void said.push(`refused ${entries.length}`),
    },
    delivery: {
      maxBlockBytes: 1_500,
      put: async (some) => {
        said.push('delivered')
        blocks.push(...some)
      },
    },
    ledger: {
      formatted: async (some) => {
        said.push('recorded')
        recorded.push(...some)
      },
    },
    route: router(tables, maskKey),
    ...more,
  }
  return { deps, said, recorded, blocks }
}

const records = (blocks: readonly Block[]) =>
  blocks.flatMap(({ label }) => (label?.isRecord === true ? [label.page] : []))

test('G1 a page that lands in time and is one block is left to it; every other one is recorded, after delivery', async () => {
  const at = under([people], { landsInTime: () => true })
  const result = await formatStored(pages, at.deps)
  expect(at.said).toEqual(['refused 2', 'delivered', 'recorded'])
  expect(records(at.blocks)).toEqual([plain])
  expect(at.recorded.map(({ page }) => page)).toEqual(others)
  expect(result.records).toHaveLength(pages.length)
  expect(at.blocks.every(({ text }) => text.length <= 1_500)).toBe(true)
})

test('a page that is late, that two contracts read or whose block has no room for it is recorded', async () => {
  const late = under([people])
  await formatStored(pages, late.deps)
  const two = under([people, { ...people, version: 2 }], { landsInTime: () => true })
  await formatStored(pages, two.deps)
  const [block] = late.blocks
  const tight = under([people], { landsInTime: () => true })
  const delivery = { ...tight.deps.delivery, maxBlockBytes: block?.text.length ?? 0 }
  await formatStored(pages.slice(0, 1), { ...tight.deps, delivery })
  expect(tight.recorded.map(({ page }) => page)).toEqual([plain])
  for (const { recorded } of [late, two]) expect(recorded.map(({ page }) => page)).toEqual([plain, ...others])
  for (const { blocks } of [late, two, tight]) expect(records(blocks)).toEqual([])
})

test('the same rows in the same block, whether it is the record of its page or not', async () => {
  const [one, other] = [under([people]), under([people], { landsInTime: () => true })]
  for (const { deps } of [one, other]) await formatStored(pages.slice(0, 1), deps)
  const rowsOf = ({ text }: Block) => text.subarray(text.indexOf(10)).toString()
  expect(other.blocks.map(rowsOf)).toEqual(one.blocks.map(rowsOf))
  const told = { ...one.blocks[0]?.label, isRecord: true }
  expect(other.blocks[0]?.label).toEqual(told)
})
