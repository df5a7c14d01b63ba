import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, sep } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LakeSession } from '../../../engine/duckdb/lake-session.ts'
import { auditFolder } from '../../../local/recovery/audit-folder.ts'
import { openLocalRun } from '../../../local/run/local-run.ts'
import { runFolder } from '../../../local/state/run-folder.ts'
import { storedEntries, writeState } from '../../../local/state/state-file.ts'
import { FolderObjects } from '../../../local/stores/folder-objects.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../../engine/postgres/source-server.ts'
import { runs, spread } from '../../support/budget.ts'
import { carryOut, commandsIn, runCommand, writeContracts } from './carry-out.ts'
import { copyOf, damages, liveOnce, look, people, quiet, SCHEMA, type Seen } from './kept-folder.ts'

let root = ''
let kept = ''
let before: Seen
let server: SourceServer
let database: SourceDatabase

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-lake-'))
  kept = join(root, 'kept')
  server = await startSource()
  database = await server.database(SCHEMA)
  await liveOnce(kept, database)
  await writeContracts(root)
  before = await look(kept)
})

afterAll(async () => {
  await server.stop()
  await rm(root, { recursive: true, force: true })
})

async function lakeFiles(): Promise<readonly string[]> {
  const entries = await readdir(join(kept, 'lake'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(kept.length + 1)
        .replaceAll(sep, '/'),
    )
    .sort()
}

/** Every finding's advice, to the letter and in its order; resolves with the findings. */
async function mend(dir: string) {
  const { findings } = await auditFolder(runFolder(dir), 1)
  const faults = findings.filter(({ severity }) => severity === 'fault')
  for (const { advice } of faults) {
    const commands = commandsIn(advice)
    expect(commands, advice).not.toEqual([])
    for (const command of commands) await carryOut(command, { dir, root })
  }
  return faults
}

async function tell(name: string, how: keyof typeof damages): Promise<boolean> {
  const what = `${name} ${how}`
  const copy = join(root, `copy of ${what.replaceAll('/', ' ')}`)
  await copyOf(kept, copy)
  await damages[how](join(copy, name))
  const faults = await mend(copy)
  for (const { name: found } of faults) expect(basename(found), what).toBe(basename(name))
  const after = await look(copy)
  expect(after, what).toEqual(before)
  await rm(copy, { recursive: true })
  return faults.length > 0
}

test.each(['gone', 'cut in half'] as const)(
  'a load file that is %s is named, with the repair to do',
  async (how) => {
    const copy = join(root, `load file ${how}`)
    await copyOf(kept, copy)
    const found = await new FolderObjects(copy).list('landing/loads/')
    const [key = ''] = found.filter((name) => name.includes('/people/'))
    await damages[how](join(copy, key))
    const { findings } = await auditFolder(runFolder(copy), 1)
    expect(findings).toMatchObject([{ kind: 'load', name: key, table: 'public.people', severity: 'fault' }])
    expect(findings[0]?.advice).toBe(`tidemark repair --file '${key}'`)
    await rm(copy, { recursive: true })
  },
)

const ways = ['gone', 'cut in half', 'flipped in one bit'] as const

test('whatever file of history or base is lost, cut or flipped is named, and its advice makes it again', async () => {
  const names = spread(await lakeFiles(), 8)
  const named = new Set<string>()
  for (const [index, name] of names.entries())
    for (const [way] of ways.slice(0, Math.min(runs(1), ways.length)).entries())
      if (await tell(name, ways[(index + way) % ways.length] ?? 'gone')) named.add(name)
  /* Of builds before nobody reads any more. */
  for (const name of names.filter((one) => !named.has(one))) expect(name).toMatch(/_base\//)
  expect(named.size).toBeGreaterThan(names.length / 3)
}, 300_000)

async function baseFile(dir: string, table: string): Promise<string> {
  const entries = await storedEntries(runFolder(dir))
  const base = entries.find((entry) => entry.table.name === table)?.base
  return base?.parts[0]?.files[0]?.key ?? ''
}

async function damagedCopy(table: string, how: keyof typeof damages): Promise<string> {
  const copy = join(root, `damaged ${table} ${how}`)
  await copyOf(kept, copy)
  await damages[how](join(copy, await baseFile(copy, table)))
  return copy
}

test('a query of a table that lost a file says so and how to go on, other tables answer', async () => {
  const copy = await damagedCopy('hr.people', 'gone')
  const entries = await storedEntries(runFolder(copy))
  const session = await LakeSession.open({ folder: copy, entries })
  const count = async (sql: string) => {
    const rows = []
    for await (const batch of (await session.query(sql)).batches) rows.push(...batch)
    return rows[0]?.[0]
  }
  try {
    await expect(count('select count(*) from hr.people')).rejects.toMatchObject({
      code: 'lake/unreadable',
      message: expect.stringMatching(/^hr\.people: .*; to do: tidemark status --audit$/),
    })
    await expect(count("select count(*) from hr.people_as_of('1')")).rejects.toMatchObject({
      code: 'lake/unreadable',
    })
    expect(await count('select count(*) from public.things')).toBeDefined()
    await expect(count('select nothing from public.things')).rejects.toMatchObject({ code: 'query/invalid' })
  } finally {
    session.close()
  }
})

test.each(['gone', 'cut in half'] as const)(
  'compaction makes a base anew whose file is %s, without being asked',
  async (how) => {
    const copy = await damagedCopy('public.things', how)
    const { read } = await runCommand(['compact', '--json'], { dir: copy, root })
    expect(JSON.parse(read).results).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ table: 'public.things', state: 'published' })]),
    )
    expect(await look(copy)).toEqual(before)
  },
)

test('of a base that history alone does not make again the way on is a load, and other tables are compacted', async () => {
  const copy = await damagedCopy('public.things', 'gone')
  const entries = (await storedEntries(runFolder(copy))).map((entry) =>
    entry.base === null ? entry : { ...entry, base: { ...entry.base, historyFrom: entry.base.position } },
  )
  await writeState(runFolder(copy), ({ catalog }) => catalog.restore(entries))
  const { findings } = await auditFolder(runFolder(copy), 1)
  expect(findings.map(({ advice }) => advice)).toEqual([
    expect.stringContaining(
      'tidemark load start --tables public.things --wait; then tidemark compact --table public.things',
    ),
  ])
  const { printed, code } = await runCommand(['compact', '--rebuild'], { dir: copy, root })
  expect(printed).toMatch(/hr\.people v1 +published/)
  expect(printed).toMatch(
    /error lake\/base-lost: public\.things v1: .*tidemark load start --tables public\.things --wait/,
  )
  expect(code).toBe(2)
  const json = await runCommand(['compact', '--json'], { dir: copy, root })
  expect(json.code).toBe(2)
  expect(JSON.parse(json.read)).toMatchObject({
    results: [{ table: 'hr.people', state: 'nothing new' }],
    failed: [{ table: 'public.things v1', code: 'lake/base-lost' }],
  })
  const builds = (await storedEntries(runFolder(copy))).map(({ table, base }) => [table.name, base?.build])
  const build = (name: string) => entries.find(({ table }) => table.name === name)?.base?.build ?? 0
  expect(Object.fromEntries(builds)).toEqual({
    'hr.people': build('hr.people') + 1,
    'public.things': build('public.things'),
  })
})

test('a history file that is damaged is not folded into a base', async () => {
  const copy = join(root, 'fold')
  await copyOf(kept, copy)
  const name =
    (await lakeFiles()).find((one) => one.includes('things_v1_history/') && !one.includes('load-')) ?? ''
  await damages['flipped in one bit'](join(copy, name))
  await expect(
    carryOut(['compact', '--table', 'public.things', '--rebuild'], { dir: copy, root }),
  ).rejects.toMatchObject({
    code: 'lake/unreadable',
    message: expect.stringMatching(/is not what was written; to do: tidemark repair --file 'lake\/.*'$/),
  })
})

test('where history was dropped the load that the audit asks for, done beside the run, leads to a clean audit', async () => {
  const copy = join(root, 'loaded')
  await copyOf(kept, copy)
  const entries = (await storedEntries(runFolder(copy))).map((entry) =>
    entry.base === null ? entry : { ...entry, base: { ...entry.base, historyFrom: entry.base.position } },
  )
  await writeState(runFolder(copy), ({ catalog }) => catalog.restore(entries))
  await damages.gone(join(copy, await baseFile(copy, 'public.things')))
  const run = await openLocalRun({
    dir: copy,
    source: database.source,
    isEmbedded: false,
    system: 'tests',
    contracts: [people],
    patterns: ['public.*'],
    slot: 'tm_kept',
    publication: 'tm_kept',
    reload: false,
    log: quiet,
    hints: { bytes: 1 << 20, milliseconds: 20 },
    compactEveryMs: 0,
    proveEveryMs: 0,
  })
  try {
    await run.loaded(AbortSignal.timeout(60_000))
    expect(await mend(copy)).toHaveLength(1)
    expect(await run.reconcile(AbortSignal.timeout(60_000))).toMatchObject({ equal: true, failed: [] })
  } finally {
    await run.stop()
  }
  /* Rows of a load have positions of their own; that they are the source's the proof has said. */
  expect(await look(copy)).toMatchObject({ faults: [], waiting: before.waiting })
})
