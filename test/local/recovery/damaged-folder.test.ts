import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { examineFolder } from '../../../local/recovery/examine-folder.ts'
import { keepInventory } from '../../../local/recovery/inventory.ts'
import { repairFolder } from '../../../local/recovery/repair-folder.ts'
import { performOperation } from '../../../local/run/perform-operation.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { readDocuments, readState, storedRun } from '../../../local/state/state-file.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { startSource } from '../../engine/postgres/source-server.ts'
import { runs, spread } from '../../support/budget.ts'
import { damageDocument, damageItem } from '../../support/state-documents.ts'
import {
  copyOf,
  damages,
  liveOnce,
  look,
  people,
  quiet,
  reopen,
  SCHEMA,
  type Seen,
  stateFilesOf,
} from './kept-folder.ts'

let root = ''
let kept = ''
let copy = ''
let before: Seen

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-damage-'))
  kept = join(root, 'kept')
  copy = join(root, 'copy')
  const server = await startSource()
  try {
    await liveOnce(kept, await server.database(SCHEMA))
  } finally {
    await server.stop()
  }
  before = await look(kept)
})

afterAll(() => rm(root, { recursive: true, force: true }))

test('the run left every kind of file there is, and nothing to find', async () => {
  expect(before.faults).toEqual([])
  expect(before.waiting.length).toBeGreaterThan(0)
  const names = await stateFilesOf(kept)
  for (const kind of [
    ...['contracts', 'drift', 'meter', 'tables', 'acknowledged', 'status', 'inventory'],
    ...['mask-check', 'keys/mask', 'state.db'],
  ])
    expect(
      names.filter((name) => name.startsWith(kind)),
      kind,
    ).not.toEqual([])
})

/* What says nothing of its own: without it the folder is as it was. */
const SPARE = /^(?:inventory|status)\.json$/
const NAMED = /^(?:run\/damaged|run\/mask-key-changed|raw\/corrupt|ledger\/corrupt)$/

/** Damages one file of a copy, and holds what comes of it against the whole folder. */
async function tell(name: string, how: keyof typeof damages): Promise<void> {
  const what = `${name} ${how}`
  const copy = join(root, `copy of ${what.replaceAll('/', ' ')}`)
  await copyOf(kept, copy)
  await damages[how](join(copy, name))
  const seen = await look(copy).catch((error: unknown) => error)
  if (seen instanceof PipelineError) expect(seen.code, what).toMatch(NAMED)
  else {
    expect(seen, what).toMatchObject({ rows: before.rows, waiting: before.waiting })
    /* A bit that no item has means nothing. */
    const isUnused = name === 'state.db' && how === 'flipped in one bit'
    if (!SPARE.test(name) && !isUnused)
      expect(seen, what).toMatchObject({ faults: [expect.stringContaining(basename(name))] })
  }
  const outcome = await reopen(copy).catch((error: unknown) => error)
  if (outcome instanceof PipelineError) {
    expect(outcome.code, what).toMatch(NAMED)
    expect(outcome.message, what).toContain(basename(name))
  } else
    expect({ outcome, ...(await look(copy)) }, what).toMatchObject({ outcome: expect.any(Array), ...before })
  await rm(copy, { recursive: true })
}

const ways = ['gone', 'cut in half', 'flipped in one bit'] as const

test('whatever file of the state is lost, cut or flipped is named, or made again and nothing differs', async () => {
  const cases = spread(await stateFilesOf(kept), 10).flatMap((name, index) =>
    ways
      .slice(0, Math.min(runs(1), ways.length))
      .map((_, way) => [name, ways[(index + way) % ways.length] ?? 'gone'] as const),
  )
  /* Each waits for the disk, for landing and for DuckDB in turn. */
  await Promise.all(
    [0, 1, 2].map(async (lane) => {
      for (const [name, how] of cases.filter((_, index) => index % 3 === lane)) await tell(name, how)
    }),
  )
}, 300_000)

test.each([
  ['one item', [], ['hr.people.v1']],
  [
    'an item of each table, beside meter and drift',
    ['meter.json', 'drift.json'],
    ['hr.people.v1', 'public.things.v1'],
  ],
])(
  'the catalog with %s of other bytes is named, kept and made again: query, quarantine and audit are equal',
  async (_, gone, partitions) => {
    await copyOf(kept, copy)
    for (const name of gone) await rm(join(copy, name))
    for (const pk of partitions) damageItem(copy, { table: 'catalog', pk })
    await expect(look(copy)).rejects.toMatchObject({ code: 'run/damaged' })
    const { findings } = await auditFolder(runFolder(copy), 1)
    expect(findings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('state.db/catalog is damaged'),
    )
    expect((await reopen(copy)).toSorted()).toEqual([...gone, 'state.db/catalog'].toSorted())
    expect(await look(copy)).toEqual(before)
    /* And once is enough. */
    expect(await reopen(copy)).toEqual([])
    expect(await readdir(join(copy, 'damaged'), { recursive: true })).toContainEqual(
      expect.stringContaining('state.db/catalog.json'),
    )
  },
)

test('each document of the state file that is damaged is named, kept and made again: query, quarantine and audit are equal', async () => {
  const keys = await readDocuments(runFolder(kept), (documents) => documents.list(''))
  expect(new Set(keys.map((key) => key.split('/')[0]))).toEqual(
    new Set(['compaction', 'loads', 'proofs', 'replays', 'run']),
  )
  for (const key of keys.filter((one) => one !== 'run')) {
    await copyOf(kept, copy)
    damageDocument(copy, key)
    const name = `state.db/${key}`
    expect((await look(copy)).faults, key).toEqual([expect.stringContaining(`${name} is damaged`)])
    expect(await reopen(copy), key).toEqual([name])
    expect(await look(copy), key).toEqual(before)
    expect(await readdir(join(copy, 'damaged'), { recursive: true })).toContainEqual(
      expect.stringContaining(`${name}.json`),
    )
  }
}, 120_000)

test.each([
  ['a record', 'page#public.things#0'],
  ['a history file', 'files#public.things.v1#'],
  ['a sum', 'sums'],
  ['the checkpoint', 'format'],
])(
  'the ledger with %s of other bytes is named, kept and made again: query, quarantine and audit are equal',
  async (_, partition) => {
    await copyOf(kept, copy)
    const keys = await readState(runFolder(kept), async ({ ledger }) => {
      const found = new Set<string>()
      for await (const { pk } of ledger.asFound()) found.add(pk)
      return found
    })
    const pk = [...keys].find((one) => one.startsWith(partition))
    if (pk === undefined) throw new Error(`no ${partition} among ${[...keys].join()}`)
    damageItem(copy, { table: 'ledger', pk })
    expect((await look(copy)).faults).toEqual([expect.stringContaining('state.db/ledger is damaged')])
    expect(await reopen(copy)).toEqual(['state.db/ledger'])
    expect(await look(copy)).toEqual(before)
    expect(await reopen(copy)).toEqual([])
    expect(await readdir(join(copy, 'damaged'), { recursive: true })).toContainEqual(
      expect.stringContaining('state.db/ledger.json'),
    )
  },
)

test.each([
  ...['raw', 'ledger', 'checkpoint.json', 'quarantine', 'loads', 'replays', 'compaction', 'proofs.json'],
  ...['catalog.json', 'state.json'],
])(
  'a folder of an earlier form, with %s, is refused by whatever opens it, with the way on, and stays as it is',
  async (name) => {
    await copyOf(kept, copy)
    await writeFile(join(copy, name), '')
    const files = await stateFilesOf(copy)
    const refused = {
      code: 'run/bad-folder',
      message: expect.stringContaining('tidemark dev --reload --dir <new folder>'),
    }
    await expect(reopen(copy)).rejects.toMatchObject(refused)
    await expect(look(copy)).rejects.toMatchObject(refused)
    expect(await stateFilesOf(copy)).toEqual(files)
  },
)

test('a folder has its files by whatever name it is called', async () => {
  await copyOf(kept, copy)
  for (const name of [`${copy}/`, `${root}/kept/../copy`, relative('', copy)]) {
    expect(await examineFolder(runFolder(name)), name).toEqual([])
    await keepInventory(runFolder(name))
    expect(await readFile(join(copy, 'inventory.json')), name).toEqual(
      await readFile(join(kept, 'inventory.json')),
    )
  }
})

/* What an operation on the copy is given. */
const operationOptions = () => ({
  dir: copy,
  contracts: [people],
  log: quiet,
  signal: AbortSignal.timeout(60_000),
  onProgress: () => undefined,
})

test('G6 a load file with a value that was not read is named, and neither a replay nor a repair takes it', async () => {
  await copyOf(kept, copy)
  const key = (await new FolderObjects(copy).list('landing/loads/')).find((one) => /people/.test(one)) ?? ''
  const bytes = await readFile(join(copy, key))
  bytes[bytes.indexOf('m10') + 1] = '2'.charCodeAt(0)
  await writeFile(join(copy, key), bytes)
  const { findings } = await auditFolder(runFolder(copy), 1)
  expect(findings.filter(({ severity }) => severity === 'fault')).toMatchObject([
    { kind: 'load', name: key, message: expect.stringContaining(`not the ${bytes.length} bytes`) },
  ])
  const options = operationOptions()
  await expect(
    performOperation({ kind: 'replay', table: 'hr.people', isDryRun: false }, options),
  ).rejects.toMatchObject({ code: 'lake/unreadable', message: expect.stringContaining(key) })
  const named = { kind: 'repair', pages: [], objects: [], files: [key], isDryRun: false } as const
  expect(await performOperation(named, options)).toMatchObject({
    repairs: [{ state: 'done', message: expect.stringContaining('public.people is read again when') }],
  })
  expect((await look(copy)).rows).toEqual(before.rows)
})

test('G6 a replay refuses a load file that is gone, and shows nothing', async () => {
  await copyOf(kept, copy)
  const key = (await new FolderObjects(copy).list('landing/loads/')).find((one) => /people/.test(one)) ?? ''
  await rm(join(copy, key))
  const options = operationOptions()
  for (const isDryRun of [true, false])
    await expect(
      performOperation({ kind: 'replay', table: 'hr.people', isDryRun }, options),
    ).rejects.toMatchObject({
      code: 'lake/unreadable',
      message: `${key} is gone: tidemark repair --file '${key}'`,
    })
  expect((await look(copy)).rows).toEqual(before.rows)
})

test('what is not in the folder any more is not taken for a new one, and nothing is changed', async () => {
  for (const names of [['state.db'], ['state.db', 'inventory.json'], ['contracts.json'], ['keys/mask.hex']]) {
    await copyOf(kept, copy)
    for (const name of names) await rm(join(copy, name))
    const files = await stateFilesOf(copy)
    await expect(reopen(copy), names.join()).rejects.toMatchObject({ code: 'run/damaged' })
    if (names.includes('state.db')) await expect(look(copy)).rejects.toMatchObject({ code: 'run/damaged' })
    expect(await stateFilesOf(copy)).toEqual(files)
  }
})

test('what a run knows of its source, of other bytes, is named and not made up, but for a reload in an epoch above the lake', async () => {
  await copyOf(kept, copy)
  damageDocument(copy, 'run')
  expect((await look(copy)).faults).toEqual([expect.stringContaining('state.db/run is damaged')])
  await expect(reopen(copy)).rejects.toMatchObject({
    code: 'run/damaged',
    message: expect.stringContaining('tidemark dev --reload'),
  })
  const { repairs, epoch } = await repairFolder(runFolder(copy), {
    contracts: [people],
    isReload: true,
    log: quiet,
    now: Date.now,
  })
  expect([repairs.map(({ name }) => name), epoch]).toEqual([['state.db/run'], 2])
  expect(await storedRun(runFolder(copy))).toBeUndefined()
})
