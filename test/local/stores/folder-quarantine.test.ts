import { cpSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { DatabaseSync } from '@photostructure/sqlite'
import { expect, onTestFinished, test } from 'vitest'
import type { QuarantineEntry, WaitingEntry } from '../../../core/ports/ports.ts'
import { clusterIds } from '../../../formatters/cluster-refusals.ts'
import { expireQuarantine } from '../../../local/operations/expire-quarantine.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import { holdsText } from '../../support/deflated-text.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const DAY = 86_400_000
const ROUNDS = 4

function entry(id: string): QuarantineEntry {
  return {
    id,
    stage: 'format',
    table: 'a.t',
    contract: { name: 'a.t', version: 1 },
    position: null,
    reasons: [{ code: 'format/bad-value', path: 'n', message: 'is not a number' }],
    payload: `{"name":"person ${id}"}`,
    encoding: 'json',
  }
}

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => entry(`e${from + index}`))

async function open(folder: string, now = Date.now, mode: 'read' | 'write' = 'write') {
  const quarantine = await FolderQuarantine.open({ items: join(folder, 'state.db') }, { mode, now })
  onTestFinished(() => quarantine.close())
  return quarantine
}

async function idsOf(entries: AsyncIterable<WaitingEntry>): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const { id, payload } of entries) {
    expect(payload).toBe(entry(id).payload)
    ids.push(id)
  }
  return ids
}

test('G7 expiry removes what waits longer than its time, from every byte of the folder; a dry run removes nothing', async () => {
  const folder = await tempFolder()
  let now = Date.UTC(2026, 0, 1)
  const quarantine = await open(folder, () => now)
  await quarantine.put(many(3))
  now += 10 * DAY
  await quarantine.put(many(2, 3))
  now += DAY
  const options = { olderThanMs: 5 * DAY, now: () => now }
  expect(await expireQuarantine(quarantine, { ...options, isDryRun: true })).toEqual({
    considered: 5,
    expired: 3,
  })
  expect(await holdsText(folder, 'person e0')).toBe(true)
  expect(await expireQuarantine(quarantine, { ...options, isDryRun: false })).toEqual({
    considered: 5,
    expired: 3,
  })
  for (const id of ['e0', 'e1', 'e2']) expect(await holdsText(folder, `person ${id}`)).toBe(false)
  expect(await idsOf(quarantine.list())).toEqual(['e3', 'e4'])
  expect(quarantine.oldest()).toBe('2026-01-11T00:00:00.000Z')
})

test('counts what waits by cause, after each arrival, departure and purge', async () => {
  const quarantine = await open(await tempFolder())
  const other = {
    ...entry('x'),
    reasons: [{ code: 'format/missing-value' as const, path: 'n', message: 'no' }],
  }
  const counts = () => [...quarantine.countByCause().values()].toSorted()
  expect(counts()).toEqual([])
  await quarantine.put([...many(3), other])
  expect(counts()).toEqual([1, 3])
  expect([...quarantine.countByCause().keys()].toSorted()).toEqual(
    [...clusterIds(entry('e0')), ...clusterIds(other)].toSorted(),
  )
  await quarantine.release(['e0', 'x'], 'redriven')
  expect(counts()).toEqual([2])
  await quarantine.purge()
  expect(counts()).toEqual([2])
})

test('a listing that a purge, a release and arrivals overtake shows each entry that waits, as it is', async () => {
  const quarantine = await open(await tempFolder())
  await quarantine.put(many(200))
  const seen: string[] = []
  for await (const { id, payload } of quarantine.list()) {
    expect(payload).toBe(entry(id).payload)
    seen.push(id)
    if (seen.length === 10) await quarantine.release(['e3', 'e150', 'e199'], 'redriven')
    if (seen.length === 20) void quarantine.purge()
    if (seen.length === 30) void quarantine.put(many(5, 1_000))
    if (seen.length === 40) await quarantine.purge()
  }
  /* What came since may be shown or not. */
  expect(seen.filter((id) => !id.startsWith('e10') || id.length < 5)).toEqual(
    many(200)
      .map(({ id }) => id)
      .filter((id) => id !== 'e150' && id !== 'e199'),
  )
})

test('listings and purges at once leave each other whole', async () => {
  const quarantine = await open(await tempFolder())
  await quarantine.put(many(100))
  const purges = Array.from({ length: 10 }, async (_, round) => {
    for (let turn = 0; turn < round * 3; turn += 1) await sleep(0)
    await quarantine.purge()
  })
  const listings = Array.from({ length: 8 }, () => idsOf(quarantine.list()))
  await Promise.all(purges)
  for (const ids of await Promise.all(listings)) expect(ids).toEqual(many(100).map(({ id }) => id))
})

test('G10 another process reads everything that waits while purges run, and goes on reading after them', async () => {
  const folder = await tempFolder()
  const quarantine = await open(folder)
  await quarantine.put(many(50))
  const wanted = many(50).map(({ id }) => id)
  let isPurging = true
  let reads = 0
  const purges = (async () => {
    for (let round = 0; reads <= ROUNDS && round < 500; round += 1) {
      await quarantine.put([entry('passing')])
      await quarantine.release(['passing'], 'redriven')
      await quarantine.purge()
    }
    isPurging = false
  })()
  while (isPurging) {
    const reader = await FolderQuarantine.open({ items: join(folder, 'state.db') }, { mode: 'read' })
    const ids = await idsOf(reader.list())
    await reader.close()
    expect(ids.filter((id) => id !== 'passing')).toEqual(wanted)
    reads += 1
  }
  await purges
  expect(reads).toBeGreaterThan(ROUNDS)
  const held = await open(folder, Date.now, 'read')
  await quarantine.purge()
  expect(await idsOf(held.list())).toEqual(wanted)
})

test('G10 wherever a release is cut off, an entry waits or has left, and is counted once', async () => {
  const folder = await tempFolder()
  const quarantine = await open(folder)
  await quarantine.put(many(6))
  const cuts: string[] = []
  const cutOff = async () => {
    const cut = join(await tempFolder(), 'cut')
    cpSync(folder, cut, { recursive: true })
    cuts.push(cut)
  }
  await cutOff()
  let isReleasing = true
  const releasing = quarantine.release(['e1', 'e2', 'e4'], 'redriven').then(() => quarantine.purge())
  void releasing.then(() => {
    isReleasing = false
  })
  while (isReleasing) {
    await cutOff()
    await turn()
  }
  await releasing
  await cutOff()
  const left = new Set<number>()
  for (const cut of cuts) {
    const found = await open(cut)
    const waiting = await idsOf(found.list())
    const counts = found.countOf('a.t', { name: 'a.t', version: 1 })
    expect(counts).toEqual({ waiting: waiting.length, redriven: 6 - waiting.length, expired: 0 })
    left.add(counts.redriven)
    await found.purge()
    await found.put(many(6))
    expect((await idsOf(found.list())).toSorted()).toEqual(many(6).map(({ id }) => id))
  }
  expect([left.has(0), left.has(3)]).toEqual([true, true])
})

test('G5 what the file refuses to let go waits as before, is counted as waiting, and leaves with the next try', async () => {
  const folder = await tempFolder()
  const quarantine = await open(folder)
  await quarantine.put(many(3))
  const db = new DatabaseSync(join(folder, 'state.db'))
  onTestFinished(() => db.close())
  db.exec(
    `CREATE TRIGGER full BEFORE INSERT ON quarantine WHEN NEW.pk = 'left' BEGIN SELECT RAISE(FAIL, 'full'); END`,
  )
  await expect(quarantine.release(['e0', 'e1'], 'redriven')).rejects.toMatchObject({
    code: 'quarantine/unavailable',
  })
  const seen = async () => ({
    counts: quarantine.countOf('a.t', { name: 'a.t', version: 1 }),
    held: many(3).flatMap(({ id }) => (quarantine.holds(id) ? [id] : [])),
    byCause: [...quarantine.countByCause().values()],
    listed: await idsOf(quarantine.list()),
  })
  const all = ['e0', 'e1', 'e2']
  const counts = { waiting: 3, redriven: 0, expired: 0 }
  expect(await seen()).toEqual({ counts, held: all, byCause: [3], listed: all })
  db.exec('DROP TRIGGER full')
  await quarantine.release(['e0', 'e1'], 'redriven')
  await quarantine.close()
  const left = { waiting: 1, redriven: 2, expired: 0 }
  expect(quarantine.countOf('a.t', { name: 'a.t', version: 1 })).toEqual(left)
  expect((await open(folder)).countOf('a.t', { name: 'a.t', version: 1 })).toEqual(left)
})

test('counts of what left outlast a purge and a start; what is damaged is named by its key', async () => {
  const folder = await tempFolder()
  const before = await open(folder)
  await before.put(many(4))
  await before.release(['e0'], 'redriven')
  await before.release(['e1', 'e1', 'unknown'], 'expired')
  await before.purge()
  await before.close()
  const path = join(folder, 'state.db')
  /* Of the header, which is JSON in JSON. */
  const bytes = (await readFile(path, 'latin1')).replaceAll('id\\":\\"e3', 'id\\":\\"e9')
  const damaged = join(await tempFolder(), 'state.db')
  await writeFile(damaged, bytes, 'latin1')
  const after = await open(folder)
  expect(after.countOf('a.t', { name: 'a.t', version: 1 })).toEqual({ waiting: 2, redriven: 1, expired: 1 })
  expect(await idsOf(after.list())).toEqual(['e2', 'e3'])
  await expect(open(join(damaged, '..'))).rejects.toMatchObject({
    code: 'run/damaged',
    message: expect.stringContaining('entry#e3'),
  })
})
