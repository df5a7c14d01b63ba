import { expect, test } from 'vitest'
import { alteredFile, lostBlock, lostPage, unlandedObject } from '../../../core/audit/ledger-finding.ts'
import type { MissingFile } from '../../../core/audit/recovery-source.ts'
import { namesOf, type RepairNames } from '../../../core/audit/repair-names.ts'
import type { NamedBlock } from '../../../core/ledger/ledger.ts'
import type { RepairResult } from '../../../core/operations/answers.ts'
import { repair } from '../../../engine/repair/repair.ts'
import type { RepairParts } from '../../../engine/repair/repair-parts.ts'
import { headerOf } from '../../ports/ledger.contract.ts'

const day = { table: 'a.t', version: 1, day: '2026-01-02' }
const file = { key: 'lake/a/t/ingest_date=2026-01-02/f.parquet', rows: 1, bytes: 9, first: null, last: null }
const page = headerOf(1)
const block: NamedBlock = {
  contract: { name: 'a.t', version: 1 },
  origin: 'page',
  page: headerOf(2).key,
  ordinal: 0,
  changes: 1,
  rows: 1,
  first: '',
  last: '',
  digest: 'd',
}
const none = { pages: [], objects: [], files: [] }
const run = (names: RepairNames, parts: RepairParts, signal?: AbortSignal) =>
  repair(names, parts, { isDryRun: false, ...(signal === undefined ? {} : { signal }) })
const told = ({ repairs }: RepairResult) => repairs.map(({ name, state, message }) => [name, state, message])
const namesIn = ({ repairs }: RepairResult) => repairs.map(({ name }) => name)

function partsOf(answers: Partial<RepairParts> = {}) {
  const asked: (readonly string[])[] = []
  const forgotten: string[] = []
  const all = async (names: readonly string[]) => {
    asked.push(names)
    return { done: names, absent: [], failed: [], left: [] }
  }
  const parts: RepairParts = {
    format: all,
    land: all,
    findRecoverySource: async () => undefined,
    isHeld: async () => true,
    pagesAside: async () => undefined,
    forget: async (_, key) => void forgotten.push(key),
    ...answers,
  }
  return { parts, asked, forgotten }
}

test('findings of an audit become names: pages, of blocks, too, objects and files, each once', () => {
  const lost = lostBlock(block, { says: 'no landed object has it', object: 'landing/changes/gone' }, 'advice')
  const load = 'landing/loads/l1/a/t/LOAD00000001.parquet'
  const findings = [
    ...[
      lostPage(page, 'was passed over by format', 'advice'),
      lost,
      lost,
      unlandedObject('landing/changes/o', 'block'),
    ],
    ...[unlandedObject(load, 'load'), alteredFile(day, file, undefined)],
  ]
  expect(namesOf(findings)).toEqual({
    pages: [page.key, headerOf(2).key],
    objects: ['landing/changes/o'],
    files: [load, file.key],
  })
})

test('many pages are asked for in parts, and what a function had no time for is asked for again', async () => {
  const pages = Array.from({ length: 120 }, (_, at) => `p${at}`)
  const { parts, asked } = partsOf()
  expect(namesIn(await run({ ...none, pages }, parts))).toEqual(pages)
  expect(asked.map(({ length }) => length)).toEqual([50, 50, 20])
  const slow = partsOf({
    format: async (names) => ({ done: names.slice(0, 30), absent: [], failed: [], left: names.slice(30) }),
  })
  expect(namesIn(await run({ ...none, pages }, slow.parts)).toSorted()).toEqual(pages.toSorted())
  const stuck = partsOf({ format: async (names) => ({ done: [], absent: [], failed: [], left: names }) })
  await expect(run({ ...none, pages }, stuck.parts)).rejects.toMatchObject({ code: 'function/failed' })
})

test('what is stopped says what is left, and how far it came', async () => {
  const stop = new AbortController()
  const { parts } = partsOf({
    format: async (names) => {
      stop.abort()
      return { done: names.slice(0, 1), absent: [], failed: [], left: names.slice(1) }
    },
  })
  expect(told(await run({ pages: ['a', 'b'], objects: [], files: ['f'] }, parts, stop.signal))).toEqual([
    ['a', 'done', 'formatted again'],
    ['b', 'left', 'it was stopped: the same command goes on'],
    ['f', 'left', 'it was stopped: the same command goes on'],
  ])
})

test('what is absent or fails is told by name, and does not keep the others', async () => {
  const { parts } = partsOf({
    format: async () => ({
      done: ['a'],
      absent: [page.key],
      failed: [{ name: 'c', code: 'delivery/unavailable' }],
      left: [],
    }),
  })
  expect(told(await run({ ...none, pages: ['a', page.key, 'c'] }, parts))).toEqual([
    ['a', 'done', 'formatted again'],
    [
      page.key,
      'failed',
      'nobody has it any more, load the table again: tidemark load start --tables a.t --wait',
    ],
    ['c', 'failed', 'delivery/unavailable'],
  ])
})

test('a file leaves the manifest only when it did not come back and what it was made of is on its way', async () => {
  const by = (isThere: boolean, source: MissingFile['source']) => async () => ({
    day,
    file,
    table: 'a.t',
    isThere,
    source,
  })
  const object = { kind: 'object', object: 'landing/changes/o' } as const
  const rows = { kind: 'rows', pages: ['p1', 'p2'], loadFiles: [] } as const
  const files = { ...none, files: [file.key] }
  const messageOf = async (parts: RepairParts) => (await run(files, parts)).repairs[0]?.message
  const back = partsOf({ findRecoverySource: by(true, object) })
  expect(told(await run(files, back.parts))).toEqual([
    [file.key, 'done', 'landed again from landing/changes/o'],
  ])
  const moved = partsOf({ findRecoverySource: by(false, object) })
  await run(files, moved.parts)
  const rewritten = partsOf({ findRecoverySource: by(false, rows) })
  expect(await messageOf(rewritten.parts)).toBe('made again of 2 pages')
  expect(rewritten.asked).toEqual([['p1', 'p2']])
  const damaged = partsOf({ findRecoverySource: by(true, rows) })
  expect(told(await run(files, damaged.parts))).toEqual([
    [file.key, 'failed', 'it is damaged: move it away, then repair it'],
  ])
  const failing = partsOf({
    findRecoverySource: by(false, rows),
    format: async (names) => ({ done: [], absent: names, failed: [], left: [] }),
  })
  expect(await messageOf(failing.parts)).toMatch(/lost or damaged: tidemark repair --page 'p1'/)
  const gone = partsOf({ findRecoverySource: by(false, undefined) })
  expect(await messageOf(gone.parts)).toMatch('load the table again')
  expect(await messageOf(partsOf().parts)).toMatch('knows no such file')
  expect([back, moved, rewritten, damaged, failing, gone].map(({ forgotten }) => forgotten.length)).toEqual([
    0, 1, 1, 0, 0, 0,
  ])
})
