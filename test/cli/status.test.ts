import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { statusCommand } from '../../cli/commands/status.ts'
import type { Output } from '../../cli/terminal/output.ts'
import { readJsonFile, writeJsonFile } from '../../local/documents/json-file.ts'
import { lockAddress } from '../../local/pipeline/lock-socket.ts'
import { runStatus } from '../../local/run/status/run-status.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { CompactionDocuments } from '../../state/documents/compaction-documents.ts'
import { LedgerFixture } from '../local/ledger/ledger-fixture.ts'
import { change, narrow, positionOf } from '../local/operations/things-fixture.ts'
import { tempFolder } from '../support/temp-folder.ts'

afterEach(() => {
  process.exitCode = undefined
})

async function filled(): Promise<LedgerFixture> {
  const shop = await LedgerFixture.open(await tempFolder(), [narrow])
  onTestFinished(() => shop.close())
  await shop.capture([change('insert', 1, { id: 1, n: 1 }), change('insert', 2, { id: 2, n: 40_000 })], 'a')
  await shop.format()
  await shop.land()
  return shop
}

/** The status file that a run of the shop would write. */
async function writeStatus({ root, ledger, quarantine }: LedgerFixture): Promise<void> {
  const of = { contract: { name: 'w.things', version: 1 }, source: 'public.things' }
  const balance = {
    ...ledger.balance(of),
    ...quarantine.countOf(of.source, of.contract),
  }
  const table = {
    table: 'w.things',
    source: of.source,
    state: 'streaming',
    loadedRows: 0,
    changes: 2,
    quarantined: 1,
    unknownFields: [],
    definitions: [],
    balance,
  }
  const whole = {
    format: 1,
    at: '2026-01-02T00:00:00.000Z',
    pid: 1,
    address: 'here',
    capturedLsn: '1',
    landedLsn: '1',
    rates: { captured: 0, formatted: 0, landed: 0 },
    pagesBehind: 0,
    memoryMb: 1,
    quarantineSince: null,
    freshnessMs: { p50: null, p99: null },
    tables: [table],
    balanced: balance.balanced,
  }
  await writeJsonFile(runFolder(root).status, runStatus.parse(whole))
}

test('shows the last proof with its age, and a proof that found a difference is no fine status', async () => {
  const shop = await filled()
  await writeStatus(shop)
  const kept = (equal: boolean, at: number) => ({
    equal,
    lsn: '7',
    at: new Date(at).toISOString(),
    sourceRows: 2,
    lakeRows: 2,
    way: 'streamed',
    sample: null,
    different: equal ? 0 : 3,
    inQuarantine: 0,
  })
  const write = (proof: unknown) =>
    shop.state.documents.put('proofs', { format: 1, tables: { 'w.things': proof } })
  expect((await status(shop.root)).text).toMatch(/last proof\n.*none/)
  await write(kept(true, Date.now() - 600_000))
  expect(await status(shop.root)).toMatchObject({ code: 0, text: expect.stringMatching(/equal 10 min ago/) })
  const json = JSON.parse((await status(shop.root, '--json')).text)
  expect(json.proofs['w.things']).toMatchObject({ equal: true, lsn: '7' })
  await write({ ...kept(true, Date.now()), heldBack: 2 })
  expect((await status(shop.root)).text).toContain('held back w.things: 2 keys at the last proof')
  await write({ ...kept(false, Date.now()), unplaced: 1 })
  expect((await status(shop.root)).text).toContain(
    'quarantine w.things: at the last proof 1 change in quarantine does not say which row it is of',
  )
  await write(kept(false, Date.now()))
  expect(await status(shop.root)).toMatchObject({ code: 1, text: expect.stringMatching(/3 differ 0 s ago/) })
})

test('a run that lives and is too busy to answer is running, and no start is advised', async () => {
  const shop = await filled()
  await writeStatus(shop)
  const reading = { state: 'reading', since: '2026-01-02T00:00:00.000Z', heardAt: null, lost: 0 }
  const link = { ...reading, retryAt: null, failure: null, standbySince: null }
  const written = await readJsonFile(runFolder(shop.root).status, runStatus)
  const write = (more: object) =>
    writeJsonFile(runFolder(shop.root).status, runStatus.parse({ ...written, link, ...more }))
  await write({})
  expect((await status(shop.root)).text).toMatch(/^here {2}stopped .*[\s\S]*ended without a word/)
  /* The system takes the connection for the process, which says nothing. */
  const { name } = await lockAddress(shop.root)
  const silent = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => silent.listen(name, resolve))
  onTestFinished(() => void silent.close())
  const busy = await status(shop.root)
  expect(busy.text).toMatch(/^here {2}running, too busy to answer/)
  expect(busy.text).toContain('the run has said nothing since 2026-01-02T00:00:00.000Z')
  expect(busy.text).not.toContain('start it again')
  expect(JSON.parse((await status(shop.root, '--json')).text).running).toBe(true)
  /* That one ended, so whoever is there is another, and has written nothing yet. */
  await write({ ended: { at: '2026-01-02T00:00:00.000Z', failure: null } })
  expect((await status(shop.root)).text).toMatch(/^here {2}stopped/)
})

test('a compaction that failed is no fine status, and says what to do until one succeeds', async () => {
  const shop = await filled()
  await writeStatus(shop)
  const ledger = new CompactionDocuments(shop.state.documents)
  const record = {
    table: 'w.things',
    version: 1,
    builds: [],
    historySince: null,
    retired: [],
    begunAt: 1,
    foldedAt: null,
  }
  const failure = { at: 0, code: 'lake/engine-memory', message: 'DuckDB: Out of Memory Error' } as const
  await ledger.save({ ...record, failure })
  expect(await status(shop.root)).toMatchObject({
    code: 1,
    text: expect.stringMatching(
      /not compacted w\.things v1 since 1970-01-01T00:00:00: lake\/engine-memory: .*to do: .*compact --table … --memory/,
    ),
  })
  expect(JSON.parse((await status(shop.root, '--json')).text)).toMatchObject({
    uncompacted: { 'w.things v1': { code: failure.code, at: '1970-01-01T00:00:00.000Z' } },
  })
  await ledger.save({ ...record, failure: null })
  expect((await status(shop.root)).code).toBe(0)
})

async function status(root: string, ...more: readonly string[]) {
  const lines: string[] = []
  const output: Output = {
    isTerminal: false,
    columns: 100,
    progress: () => undefined,
    result: (text) => lines.push(text),
  }
  process.exitCode = undefined
  const command = statusCommand({ output, sourceFromEnvironment: undefined })
  await command.parseAsync(['node', 'tidemark', '--dir', root, ...more])
  return { code: process.exitCode, text: lines.join('\n') }
}

test('a run that balances is fine, with every number and position in its JSON', async () => {
  const shop = await filled()
  await writeStatus(shop)
  const { code, text } = await status(shop.root, '--audit', '--json')
  expect(code).toBe(0)
  const json = JSON.parse(text)
  expect(json).toMatchObject({ balanced: true, audit: { findings: [] } })
  expect(json.tables[0].balance).toEqual({
    captured: 2,
    landed: 1,
    quarantined: 1,
    filtered: 0,
    inFlight: 0,
    missing: 0,
    balanced: true,
    waiting: 1,
    redriven: 0,
    expired: 0,
    capturedThrough: positionOf(2),
    landedThrough: positionOf(2),
    loads: { rows: 0, landed: 0, quarantined: 0 },
  })
  const plain = await status(shop.root, '--audit')
  expect(plain).toMatchObject({ code: 0, text: expect.stringMatching(/balanced[\s\S]*nothing is missing/) })
})

test('a change that is missing makes the status a finding, without an audit too', async () => {
  const shop = await filled()
  await shop.capture([change('insert', 3, { id: 3, n: 1 })], 'b')
  await shop.format(() => true)
  await shop.land()
  await writeStatus(shop)
  expect(await status(shop.root, '--json')).toMatchObject({ code: 1 })
  const { code, text } = await status(shop.root)
  expect([code, text]).toEqual([1, expect.stringContaining('1 missing')])
  const audit = await status(shop.root, '--audit')
  expect(audit.text).toContain(`positions ${positionOf(3)} to ${positionOf(3)}`)
  expect(audit.text).toContain("to do: tidemark repair --page 'public.things#")
})

test('a history file that is gone is a finding of the audit', async () => {
  const shop = await filled()
  await writeStatus(shop)
  const [key = ''] = await shop.objects.list('lake/')
  await shop.objects.delete(key)
  expect(await status(shop.root)).toMatchObject({ code: 0 })
  expect(await status(shop.root, '--audit')).toMatchObject({ code: 1, text: expect.stringContaining(key) })
})

test('an audit writes nothing', async () => {
  const shop = await filled()
  await writeStatus(shop)
  await shop.close()
  const before = (await readdir(shop.root, { recursive: true })).toSorted()
  await status(shop.root, '--audit', '--json')
  expect((await readdir(shop.root, { recursive: true })).toSorted()).toEqual(before)
  expect(before).toContain('state.db')
})
