import { execFile } from 'node:child_process'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Load } from '../../../core/load/load.ts'
import type { KeptProof } from '../../../engine/reconcile/kept-proofs.ts'
import { newLoad } from '../../../ingest/loads/list-of-loads.ts'
import { type FolderFacts, readFolder } from '../../../local/doctor/folder-look.ts'
import { folderRules } from '../../../local/doctor/folder-rules.ts'
import { machineRules, readMachine } from '../../../local/doctor/machine-rules.ts'
import { writeJsonFile } from '../../../local/documents/json-file.ts'
import { type RunStatus, runStatus } from '../../../local/run/status/run-status.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { RunState, type RunStateData } from '../../../local/state/run-state.ts'
import { damageDocument, writeDocuments } from '../../support/state-documents.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const now = Date.parse('2026-11-28T12:00:00Z')
const at = (hoursAgo: number) => new Date(now - hoursAgo * 3_600_000).toISOString()

const state: RunStateData = {
  source: { name: 'shop', system: '1', database: 'shop', address: 'db/shop', isEmbedded: false },
  slot: 'tidemark',
  publication: 'tidemark',
  slotState: 'created',
  epoch: 1,
  loads: {},
  added: [],
}
const status: RunStatus = runStatus.parse({
  format: 1,
  at: at(1),
  pid: 1,
  address: 'db/shop',
  capturedLsn: '1',
  landedLsn: '1',
  pagesBehind: 0,
  rates: { captured: 0, formatted: 0, landed: 0 },
  freshnessMs: { p50: null, p99: null },
  memoryMb: 1,
  quarantineSince: null,
  tables: [
    {
      table: 'shop.items',
      source: 'public.items',
      state: 'streaming',
      loadedRows: 0,
      changes: 2,
      quarantined: 0,
      unknownFields: [],
      definitions: [],
    },
  ],
})
const proof: KeptProof = {
  equal: true,
  lsn: '7',
  at: at(1),
  equalAt: at(1),
  sourceRows: 1,
  lakeRows: 1,
  way: 'streamed',
  sample: null,
  different: 0,
  inQuarantine: 0,
  heldBack: 0,
  unplaced: 0,
}
const fine: FolderFacts = {
  dir: '.tidemark',
  now,
  freeBytes: 50e9,
  holder: 12,
  unreadable: [],
  damages: [],
  state,
  status,
  loads: [],
  uncompacted: {},
  proofs: { tables: { 'shop.items': proof }, failed: {} },
  keyMode: 0o600,
}

function evaluate(id: string, change: Partial<FolderFacts>) {
  const rule = folderRules.find((one) => one.id === id)
  if (rule === undefined) throw new Error(`no rule ${id}`)
  return rule.evaluate({ ...fine, ...change })
}

const load = newLoad({ id: '20261128T100000-abcdef', tables: ['public.items'], window: null }, [], 0)
const ended = (outcome: 'failed' | 'complete'): Load => ({
  ...load,
  tables: load.tables.map((table) => ({ ...table, state: outcome })),
})

describe('of a folder', () => {
  test('that runs, balances, is proven and has room, each check is fine', () => {
    expect(folderRules.map(({ evaluate: of }) => of(fine)).filter(({ state: of }) => of !== 'ok')).toEqual([])
  })

  test('too little room is to look at, none stops the run', () => {
    expect(evaluate('folder.disk', { freeBytes: 4e9 }).state).toBe('warn')
    expect(evaluate('folder.disk', { freeBytes: 4e8 })).toMatchObject({
      state: 'fail',
      code: 'run/disk-full',
    })
  })

  test('a stopped pipeline lets its source keep the log, unless that is stopped with it', () => {
    expect(evaluate('folder.process', { holder: undefined, dir: 'my run' })).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('stopped for 60 min; slot tidemark'),
      fix: [{ kind: 'shell', text: `npx tidemark dev --dir 'my run' --source postgres://…` }, {}],
    })
    const embedded = { ...state, source: { ...state.source, isEmbedded: true } }
    expect(evaluate('folder.process', { holder: undefined, state: embedded }).state).toBe('ok')
  })

  test('tables that do not balance are named', () => {
    const [table] = status.tables
    const none = { captured: 1, landed: 0, quarantined: 0, filtered: 0, inFlight: 0, missing: 1 }
    const rest = { waiting: 0, redriven: 0, expired: 0, capturedThrough: null, landedThrough: null }
    const balance = { ...none, ...rest, loads: { rows: 0, landed: 0, quarantined: 0 }, balanced: false }
    const uneven = { ...status, balanced: false, tables: table === undefined ? [] : [{ ...table, balance }] }
    expect(evaluate('folder.balance', { status: uneven })).toMatchObject({
      state: 'fail',
      message: 'does not balance: shop.items',
      fix: [{ text: 'npx tidemark status --audit' }],
    })
  })

  test('proofs that differ, are missing or are of long ago are told apart', () => {
    const proofs = (change: Partial<KeptProof>) => ({
      tables: { 'shop.items': { ...proof, ...change } },
      failed: {},
    })
    const none = { tables: {}, failed: {} }
    expect(evaluate('folder.proofs', { proofs: proofs({ equal: false }) }).state).toBe('fail')
    expect(evaluate('folder.proofs', { proofs: none }).message).toBe('never proven: shop.items')
    /* Only the process that has the folder keeps a proof. */
    expect(evaluate('folder.proofs', { proofs: none }).fix).toMatchObject([{ kind: 'step' }])
    expect(evaluate('folder.proofs', { proofs: none, holder: undefined }).fix).toMatchObject([
      { kind: 'shell' },
    ])
    expect(evaluate('folder.proofs', { proofs: proofs({ at: at(25) }) }).state).toBe('warn')
    expect(evaluate('folder.proofs', { proofs: proofs({ at: at(25) }), holder: undefined }).state).toBe('ok')
    const failure = { at: at(0), code: 'source/table-gone', message: 'public.items is gone' }
    const failed = { ...proofs({}), failed: { 'shop.items': failure } }
    expect(evaluate('folder.proofs', { proofs: failed })).toMatchObject({
      state: 'fail',
      message: 'could not be compared: public.items is gone',
    })
  })

  test('what waits in quarantine has an age', () => {
    const tables = status.tables.map((table) => ({ ...table, quarantined: 3 }))
    const waiting = { ...status, tables, quarantineSince: at(5) }
    expect(evaluate('folder.quarantine', { status: waiting })).toMatchObject({
      state: 'warn',
      message: '3 changes in quarantine, the oldest for 5 h',
    })
  })

  test('a load that failed names its resume, until a later one is complete', () => {
    expect(evaluate('folder.loads', { loads: [ended('failed')] })).toMatchObject({
      state: 'fail',
      fix: [{ text: `npx tidemark load resume ${load.id}` }],
    })
    expect(evaluate('folder.loads', { loads: [ended('failed'), ended('complete')] }).state).toBe('ok')
    expect(evaluate('folder.loads', { loads: [load] }).state).toBe('ok')
    expect(evaluate('folder.loads', { loads: [load], holder: undefined })).toMatchObject({
      state: 'warn',
      fix: [{ text: 'npx tidemark dev --source postgres://…' }],
    })
  })
})

test('a compaction that failed names its table, why, and the command', () => {
  const failure = { at: at(1), code: 'lake/engine-memory', message: 'DuckDB: Out of Memory Error' }
  expect(evaluate('folder.compaction', { uncompacted: { 'shop.items v1': failure } })).toMatchObject({
    state: 'fail',
    message: 'failed: shop.items v1: lake/engine-memory: DuckDB: Out of Memory Error',
    fix: [{ text: 'npx tidemark compact --table shop.items' }],
  })
  expect(evaluate('folder.compaction', {}).state).toBe('ok')
})

describe('a folder is read', () => {
  async function written() {
    const dir = await tempFolder()
    const folder = runFolder(dir)
    await writeJsonFile(folder.status, status)
    await writeDocuments(dir, async (documents) => {
      await new RunState(documents, state).update({})
      await documents.put('proofs', { format: 1, tables: { 'shop.items': proof } })
    })
    await mkdir(join(dir, 'keys'))
    await writeFile(folder.maskKey, 'ab', { mode: 0o600 })
    return { dir, folder }
  }

  test('with whatever is whole, and the names of what is damaged', async () => {
    const { dir, folder } = await written()
    const whole = await readFolder(dir, now)
    expect(whole).toMatchObject({
      state,
      status,
      proofs: { tables: { 'shop.items': proof } },
      loads: [],
      unreadable: [],
    })
    expect([whole.holder, whole.keyMode]).toEqual([undefined, 0o600])
    await writeFile(folder.drift, '{"format": 2, "tab')
    await writeJsonFile(folder.status, { format: 7 })
    const facts = await readFolder(dir, now)
    expect(facts.unreadable).toEqual(['status.json'])
    expect(facts.damages).toEqual([{ name: 'drift.json', state: 'damaged' }])
    damageDocument(dir, 'proofs')
    const more = await readFolder(dir, now)
    expect(more.unreadable).toContain('state.db/proofs')
    expect(more.damages).toContainEqual({ name: 'state.db/proofs', state: 'damaged' })
    await expect(readFolder(join(dir, 'none'), now)).rejects.toMatchObject({ code: 'run/not-found' })
  })

  test('a masking key that others can read is closed by the command that is printed', async () => {
    const { dir, folder } = await written()
    await chmod(folder.maskKey, 0o644)
    const { keyMode } = await readFolder(dir, now)
    const found = evaluate('folder.mask-key', { dir, keyMode })
    expect(found.state).toBe('warn')
    await promisify(execFile)('sh', ['-c', found.fix[0]?.text ?? ''])
    expect((await readFolder(dir, now)).keyMode).toBe(0o600)
  })

  test('a masking key that is gone is not called one that was never there', async () => {
    const { dir, folder } = await written()
    await rm(folder.maskKey)
    const { keyMode, damages } = await readFolder(dir, now)
    expect(evaluate('folder.mask-key', { dir, keyMode, damages: [] }).state).toBe('ok')
    const lost = [...damages, { name: 'keys/mask.hex', state: 'missing' as const }]
    expect(evaluate('folder.mask-key', { dir, keyMode, damages: lost })).toMatchObject({
      state: 'fail',
      code: 'run/damaged',
      fix: [{ text: expect.stringContaining('docs/06-the-run-folder.md#a-lost-masking-key') }],
    })
  })
})

test('this machine has what a run needs, and one that has not says what to install', async () => {
  const facts = await readMachine()
  expect(machineRules.map(({ evaluate: of }) => of(facts).state)).toEqual(['ok', 'ok', 'ok'])
  const bare = {
    node: 'v20.9.0',
    postgres: { code: 'postgres/unsupported-platform', message: 'no package' },
    duckdb: { code: undefined, message: 'no module' },
  } as const
  expect(machineRules.map(({ evaluate: of }) => of(bare).state)).toEqual(['warn', 'warn', 'unknown'])
})
