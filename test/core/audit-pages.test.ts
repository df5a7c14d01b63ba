import { expect, test } from 'vitest'
import { auditPages } from '../../core/audit/audit-pages.ts'
import { stackPlace } from '../../core/audit/audit-place.ts'
import { type AuditMarks, recentBalances } from '../../core/audit/audit-recent.ts'
import type { AuditDeps } from '../../core/audit/ledger-audit.ts'
import type { RecordedPage } from '../../core/ledger/recorded-page.ts'
import { type PageHeader, type PageName, pageOfKey } from '../../core/page.ts'
import { formatPosition } from '../../core/position.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const time = { now: 10 * DAY, overdueMs: HOUR }
const onStack = { place: stackPlace(time) }
const contract = 'a.t v1'
const at = (lsn: number) => formatPosition({ epoch: 1, lsn: BigInt(lsn), ordinal: 1, step: 0 })

function pageFrom(first: number, last: number): PageName {
  const page = pageOfKey(`a.t#${at(first)}#${at(last)}#shard#1#0#2`)
  if (page === undefined) throw new Error('no page')
  return page
}

const held = (page: PageName, committedAt: number | null = time.now - DAY): PageHeader => ({
  ...page,
  committedAt,
})

/** A page whose two changes were refused: there is nothing to wait for. */
function settled(page: PageName): RecordedPage {
  const share = { contract: { name: 'a.t', version: 1 }, blocks: [], refused: 2, fresh: 2, filtered: 0 }
  return { page, formatted: { shares: [share], at: 0 }, landed: new Set(), replayed: new Set() }
}

function depsOf(
  heads: readonly PageHeader[],
  records: readonly RecordedPage[],
  now: (key: string) => RecordedPage | undefined = () => undefined,
): AuditDeps {
  const none = async function* () {}
  const within = (first: string, from = '') => first >= from
  return {
    readers: [{ contract, source: 'a.t' }],
    raw: {
      heads: async function* (_, { from }) {
        yield* heads.filter(({ firstPosition }) => within(firstPosition, from))
      },
    },
    objects: { objects: none },
    records: {
      pages: async function* (_, { from }) {
        yield* records.filter(({ page }) => within(page.firstPosition, from))
      },
      page: async (key) => now(key),
      redrives: none,
      loadFiles: none,
      aside: async () => new Map(),
      pagesAside: async () => undefined,
      settled: async () => new Set(),
      days: async () => [],
      files: async () => [],
    },
  }
}

test('G1 landed through ends before the first open page, also where pages of several shards overlap', async () => {
  const pages = [pageFrom(1, 3), pageFrom(2, 9), pageFrom(5, 6), pageFrom(8, 8)]
  const through = async (open: number) => {
    const records = pages.filter((_, index) => index !== open).map(settled)
    const { balances } = await auditPages(
      depsOf(
        pages.map((page) => held(page)),
        records,
      ),
      onStack,
    )
    return balances[0]?.landedThrough
  }
  expect(await through(-1)).toBe(at(9))
  expect(await through(0)).toBeNull()
  expect(await through(1)).toBeNull()
  expect(await through(2)).toBe(at(3))
  expect(await through(3)).toBe(at(6))
})

test('what arrived while the audit ran is not called missing', async () => {
  const [first, second] = [pageFrom(1, 2), pageFrom(3, 4)]
  const heads = [held(first), held(second)]
  const late = depsOf(heads, [], (key) => (key === first.key ? settled(first) : undefined))
  const { balances, findings } = await auditPages(late, onStack)
  expect(balances).toMatchObject([{ captured: 4, quarantined: 2, missing: 2, balanced: false }])
  expect(findings.map(({ name }) => name)).toEqual([second.key])
})

test('G9 no more findings are held than a person reads; the others are counted', async () => {
  const heads = Array.from({ length: 2_300 }, (_, index) => held(pageFrom(index, index)))
  const { balances, findings, more } = await auditPages(depsOf(heads, []), onStack)
  expect([findings.length, more]).toEqual([1_000, 1_300])
  expect(balances).toMatchObject([{ captured: 4_600, missing: 4_600 }])
})

test('a page that has expired counts as it was recorded; one without commit time only when it is recorded', async () => {
  const [expired, healed, waiting] = [pageFrom(1, 2), pageFrom(3, 3), pageFrom(4, 4)]
  const marks: RecordedPage = { ...settled(pageFrom(6, 6)), formatted: undefined }
  const deps = depsOf([held(healed, null), held(waiting, null)], [settled(expired), settled(healed), marks])
  const { balances, findings, pages } = await auditPages(deps, onStack)
  expect(balances).toMatchObject([{ captured: 4, quarantined: 4, balanced: true }])
  expect([findings, pages]).toEqual([[], 2])
})

test('recent balances begin at the newest mark that is two days old', async () => {
  const pages = [pageFrom(1, 2), pageFrom(3, 4), pageFrom(5, 6)]
  const deps = depsOf(
    pages.map((page) => held(page)),
    pages.map(settled),
  )
  const asked: number[] = []
  const marks: AuditMarks = {
    note: () => Promise.reject(new Error('nothing is noted')),
    before: async (_, instant) => {
      asked.push(instant)
      return at(3)
    },
  }
  expect(await recentBalances({ ...deps, marks }, time)).toMatchObject([{ captured: 4, balanced: true }])
  expect(asked).toEqual([time.now - 2 * DAY])
})
