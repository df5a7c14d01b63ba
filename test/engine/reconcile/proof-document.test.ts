import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ObjectDocuments } from '../../../aws/s3/object-documents.ts'
import { noProofs } from '../../../engine/reconcile/kept-proofs.ts'
import type { Proof, Scope, TableProof } from '../../../engine/reconcile/proof.ts'
import { keepProof, readProofs } from '../../../engine/reconcile/proof-document.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'

let dir: string
let documents: ObjectDocuments

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-proofs-'))
  documents = new ObjectDocuments(new FolderObjects(dir))
})

afterEach(() => rm(dir, { recursive: true, force: true }))

const proven = (table: string, different = 0, scope: Scope = { kind: 'all' }): TableProof => ({
  asOf: '0001-1000000000000000-0000000000',
  table,
  equal: different === 0,
  scope,
  way: 'streamed',
  sourceRows: 5,
  lakeRows: 5,
  different,
  differences: [],
  rows: [],
  notCompared: [],
  quarantinedKeys: ['1:7'],
  heldBackKeys: ['1:7'],
  unplaced: 3,
  outrankedKeys: [],
  snapshots: 1,
  healed: null,
  waitedMs: 0,
  ms: 20,
})
const proofOf = (...tables: readonly TableProof[]): Proof => ({
  equal: true,
  lsn: 2n ** 60n,
  asOf: '0001-1000000000000000-0000000000',
  tables,
  failed: [],
})

const sample = (percent: number): Scope => ({ kind: 'sample', percent, buckets: 512 })

test('no proof is known of a new folder', async () => {
  expect(await readProofs(documents)).toEqual(noProofs)
})

test('the last proof of each table is kept, whole', async () => {
  await keepProof(documents, proofOf(proven('a')), 0)
  await keepProof(documents, proofOf(proven('b', 0, sample(12.5))), 1_000)
  const [begin, later] = ['1970-01-01T00:00:00.000Z', '1970-01-01T00:00:01.000Z']
  const common = {
    lsn: '1152921504606846976',
    sourceRows: 5,
    lakeRows: 5,
    way: 'streamed',
    inQuarantine: 1,
    heldBack: 1,
    unplaced: 3,
  }
  expect((await readProofs(documents)).tables).toEqual({
    a: { ...common, equal: true, at: begin, equalAt: begin, sample: null, different: 0 },
    b: { ...common, equal: true, at: later, equalAt: later, sample: 12.5, different: 0 },
  })
})

test('when a table was last equal outlives the proofs that found a difference', async () => {
  await keepProof(documents, proofOf(proven('a'), proven('b', 1)), 0)
  await keepProof(documents, proofOf(proven('a', 2), proven('b', 2)), 1_000)
  const before = (await readProofs(documents)).tables
  expect(before).toMatchObject({ a: { equalAt: '1970-01-01T00:00:00.000Z' }, b: { equalAt: null } })
  await keepProof(documents, proofOf(proven('a', 1), proven('b')), 2_000)
  expect((await readProofs(documents)).tables).toMatchObject({
    a: { equalAt: '1970-01-01T00:00:00.000Z', at: '1970-01-01T00:00:02.000Z' },
    b: { equalAt: '1970-01-01T00:00:02.000Z' },
  })
})

test('a sample that is equal takes back no difference and no proof of more keys; one that differs is kept', async () => {
  await keepProof(documents, proofOf(proven('a', 2), proven('b'), proven('c', 0, sample(10))), 0)
  await keepProof(documents, proofOf(...['a', 'b', 'c'].map((name) => proven(name, 0, sample(1)))), 1_000)
  expect((await readProofs(documents)).tables).toMatchObject({
    a: { equal: false, different: 2, sample: null },
    b: { equal: true, equalAt: '1970-01-01T00:00:00.000Z', sample: null },
    c: { equal: true, equalAt: '1970-01-01T00:00:00.000Z', sample: 10 },
  })
  await keepProof(documents, proofOf(proven('b', 1, sample(1)), proven('c', 0, sample(10))), 2_000)
  await keepProof(documents, proofOf(proven('b', 0, sample(99))), 3_000)
  expect((await readProofs(documents)).tables).toMatchObject({
    b: { equal: false, sample: 1, equalAt: '1970-01-01T00:00:00.000Z' },
    c: { equal: true, equalAt: '1970-01-01T00:00:02.000Z' },
  })
  await keepProof(documents, proofOf(proven('a'), proven('b', 0, sample(100))), 4_000)
  expect((await readProofs(documents)).tables).toMatchObject({
    a: { equal: true },
    b: { equal: true, sample: 100 },
  })
})

test('a proof of chosen keys does not stand for its table', async () => {
  await keepProof(documents, proofOf(proven('a', 2)), 0)
  await keepProof(documents, proofOf(proven('a', 0, { kind: 'keys', keys: 1 })), 1_000)
  expect((await readProofs(documents)).tables).toMatchObject({ a: { equal: false, different: 2 } })
})

test('what kept a table from being compared stands until it is compared again, beside its last proof', async () => {
  const gone = { table: 'a', code: 'source/table-gone', message: 'a is not in the source any more' } as const
  const asked = { table: 'b', code: 'usage/invalid', message: 'asked for too much' } as const
  await keepProof(documents, proofOf(proven('a'), proven('b')), 0)
  await keepProof(documents, { ...proofOf(proven('b')), equal: false, failed: [gone, asked] }, 1_000)
  await keepProof(documents, proofOf(proven('b')), 2_000)
  const kept = await readProofs(documents)
  const at = '1970-01-01T00:00:01.000Z'
  expect(kept.failed).toEqual({ a: { at, code: gone.code, message: gone.message } })
  expect(kept.tables).toMatchObject({ a: { equal: true, at: '1970-01-01T00:00:00.000Z' } })
  await keepProof(documents, proofOf(proven('a', 0, { kind: 'keys', keys: 1 })), 3_000)
  expect((await readProofs(documents)).failed).toEqual({})
})

test('a table that was compared as of a later position is kept with it', async () => {
  const later = { ...proven('a'), asOf: '0001-1000000000000009-0000000000' }
  await keepProof(documents, proofOf(later, proven('b')), 0)
  const { a, b } = (await readProofs(documents)).tables
  expect([a?.lsn, b?.lsn]).toEqual([String(2n ** 60n + 9n), String(2n ** 60n)])
})

test('a document of another form is refused', async () => {
  await documents.put('proofs', { format: 2 })
  await expect(readProofs(documents)).rejects.toMatchObject({ code: 'objects/corrupt' })
})
