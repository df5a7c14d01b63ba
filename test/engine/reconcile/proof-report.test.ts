import { expect, test } from 'vitest'
import { proofProgress } from '../../../cli/view/proof-progress.ts'
import { proofExit, proofJson, proofText } from '../../../cli/view/proof-report.ts'
import { afterHealing, keysToHeal } from '../../../engine/reconcile/after-healing.ts'
import type { Proof, TableProof } from '../../../engine/reconcile/proof.ts'

const output = { isTerminal: false, columns: 100, result: () => undefined, progress: () => undefined }
const difference = {
  kind: 'different',
  position: null,
  sourceRows: 1,
  lakeRows: 1,
} as const

const table: TableProof = {
  asOf: '0001-0000000000000007-0000000000',
  table: 't.rows',
  equal: false,
  scope: { kind: 'all' },
  way: 'in the engines',
  sourceRows: 5,
  lakeRows: 5,
  different: 3,
  differences: [
    { ...difference, key: '1:1' },
    { ...difference, key: '1:2', sourceRows: 2 },
  ],
  rows: [
    {
      key: '1:1',
      columns: [
        { column: 'v', source: 'a\nb', lake: null },
        { column: 'mail', source: '***', lake: '***' },
      ],
    },
  ],
  notCompared: ['late'],
  quarantinedKeys: [],
  heldBackKeys: [],
  unplaced: 0,
  outrankedKeys: [],
  snapshots: 1,
  healed: null,
  waitedMs: 0,
  ms: 2_000,
}
const proof: Proof = {
  equal: false,
  lsn: 7n,
  asOf: '0001-0000000000000007-0000000000',
  tables: [table],
  failed: [],
}

test('keys that differ are named with their columns, on one line each', () => {
  const lines = proofText(proof, output).split('\n')
  expect(lines.slice(2)).toEqual([
    '  t.rows 1: different',
    '    v: source "a\\nb", lake null',
    '    mail: source "***", lake "***"',
    '  t.rows 2: different, 2 rows in the source, 1 in the lake',
    '  t.rows: 1 more; with --json',
    '  t.rows: not compared, the source has no late',
  ])
  expect(lines[1]).toContain('in the engines')
})

test('a table that took a second or more says how fast it was compared, and --json does so of each', () => {
  const said: string[] = []
  const progress = proofProgress({ progress: (text) => void said.push(text) })
  progress({ ...table, sourceRows: 1_234_567, ms: 4_000 })
  progress({ ...table, ms: 999 })
  expect(said).toEqual(['compared t.rows: 1,234,567 rows in 4.0 s, 308,642 rows/s'])
  const timed = { ...proof, tables: [{ ...table, sourceRows: 500, ms: 250 }] }
  expect(JSON.parse(proofJson(timed, undefined))).toMatchObject({
    tables: [{ ms: 250, rowsPerSecond: 2_000 }],
  })
})

test('a sample and chosen keys say that they are less than the whole', () => {
  const equal = { ...table, equal: true, different: 0, differences: [], rows: [], notCompared: [] }
  const scoped = (scope: TableProof['scope']) =>
    proofText({ ...proof, equal: true, tables: [{ ...equal, scope }] }, output)
  expect(scoped({ kind: 'sample', percent: 5, buckets: 205 })).toMatch(
    /equal in the sample\n.*5 % of the keys/,
  )
  const since = { kind: 'since', since: { kind: 'time', at: 0 }, keys: 3 } as const
  expect(scoped(since)).toMatch(/equal in these keys\n.*never arrived is not found/)
})

test('what another process healed becomes part of the proof, and keys that were not listed still differ', () => {
  expect(keysToHeal(proof)).toEqual({ 't.rows': ['1:1', '1:2'] })
  const healed = { ...table, different: 0, differences: [], equal: true }
  const [after] = afterHealing(proof, { tables: [healed], failed: [] }).tables
  expect(after).toMatchObject({ equal: false, different: 1, healed: { healed: 2, stillDifferent: 1 } })
  const text = proofText(afterHealing(proof, { tables: [healed], failed: [] }), output)
  expect(text).toContain('t.rows: 2 keys healed, 1 still differ')
  expect(JSON.parse(proofJson(proof, undefined))).toMatchObject({
    equal: false,
    lsn: '7',
    tables: [{ rows: table.rows.map((row) => ({ ...row, key: '1' })), healed: null }],
  })
})

test('a table that was not compared is named with the reason and the way on, and is no equality', () => {
  const equal = { ...table, equal: true, different: 0, differences: [], rows: [], notCompared: [] }
  const gone = { table: 't.gone', code: 'source/table-gone', message: 't.gone is not in the source' } as const
  const part: Proof = { ...proof, equal: false, tables: [equal], failed: [gone] }
  expect(proofText(part, output)).toMatch(
    /equal\n {2}t\.gone was not compared: source\/table-gone: t\.gone is not in the source\n {4}to do: The table was/,
  )
  expect(JSON.parse(proofJson(part, undefined))).toMatchObject({ equal: false, failed: [gone] })
  expect(proofExit(part)).toBe(2)
  expect(proofExit({ ...part, tables: [equal, table] })).toBe(1)
  expect(proofExit({ ...part, equal: true, failed: [] })).toBe(0)
  expect(proofText({ ...part, tables: [] }, output)).toMatch(/^ {2}t\.gone was not compared/)
})

test('keys that readers are not shown are counted, and in --json named', () => {
  const held = { ...table, quarantinedKeys: ['1:3'], heldBackKeys: ['1:3'] }
  expect(proofText({ ...proof, tables: [held] }, output)).toContain(
    '  t.rows: 1 key held back, no change in the lake has all of the row: tidemark quarantine redrive or,',
  )
  expect(JSON.parse(proofJson({ ...proof, tables: [held] }, undefined))).toMatchObject({
    tables: [{ quarantinedKeys: ['3'], heldBackKeys: ['3'] }],
  })
})

test('changes in quarantine that name no row are told where rows differ', () => {
  const told = { ...table, unplaced: 2 }
  expect(proofText({ ...proof, tables: [told] }, output)).toContain(
    '  t.rows: 2 changes in quarantine do not say which rows they are of: tidemark quarantine list;',
  )
  expect(proofText({ ...proof, tables: [{ ...told, unplaced: 1 }] }, output)).toContain(
    '  t.rows: 1 change in quarantine does not say which row it is of:',
  )
  expect(proofText({ ...proof, tables: [table] }, output)).not.toContain('in quarantine do')
  expect(JSON.parse(proofJson({ ...proof, tables: [told] }, undefined))).toMatchObject({
    tables: [{ unplaced: 2 }],
  })
})

test('a table of a later snapshot says as of when it is, whether it was altered or one before it', () => {
  const later = { ...table, asOf: '0001-0000000000000009-0000000000' }
  expect(proofText({ ...proof, tables: [later] }, output)).toContain(
    '  t.rows: compared in a later snapshot, as of LSN 9; the proof is as of 7',
  )
  expect(JSON.parse(proofJson({ ...proof, tables: [later] }, undefined))).toMatchObject({
    lsn: '7',
    tables: [{ lsn: '9' }],
  })
})
