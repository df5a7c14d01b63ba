import { cp, mkdir, readdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { QuarantineEntry, WaitingEntry } from '../../../core/ports/ports.ts'
import { clusterIds } from '../../../formatters/cluster-refusals.ts'
import { expireQuarantine } from '../../../local/operations/expire-quarantine.ts'
import { FolderQuarantine } from '../../../local/stores/folder-quarantine.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const DAY = 86_400_000

function entry(id: string): QuarantineEntry {
  return {
    id,
    stage: 'format',
    table: 'a.t',
    contract: 'a.t v1',
    position: null,
    reasons: [{ code: 'format/bad-value', path: 'n', message: 'is not a number' }],
    payload: `{"name":"person ${id}"}`,
    encoding: 'json',
  }
}

const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => entry(`e${from + index}`))

async function open(folder: string, now = Date.now, mode: 'read' | 'write' = 'write') {
  const quarantine = await FolderQuarantine.open(folder, { mode, now })
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

async function bytesIn(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(join(file.parentPath, file.name), 'latin1'))
  return (await Promise.all(texts)).join()
}

test('G7 expiry removes what waits longer than its time, from every byte of the folder; a dry run removes nothing', async () => {
  const folder = await tempFolder()
  let now = Date.UTC(2026, 0, 1)
  const quarantine = await open(join(folder, 'quarantine'), () => now)
  await quarantine.put(many(3))
  now += 10 * DAY
  await quarantine.put(many(2, 3))
  now += DAY
  const options = { olderThanMs: 5 * DAY, now: () => now }
  expect(await expireQuarantine(quarantine, { ...options, isDryRun: true })).toEqual({
    considered: 5,
    expired: 3,
  })
  expect(await bytesIn(folder)).toContain('person e0')
  expect(await expireQuarantine(quarantine, { ...options, isDryRun: false })).toEqual({
    considered: 5,
    expired: 3,
  })
  const left = await bytesIn(folder)
  for (const id of ['e0', 'e1', 'e2']) expect(left).not.toContain(`person ${id}`)
  expect(await idsOf(quarantine.list())).toEqual(['e3', 'e4'])
  expect(quarantine.oldest()).toBe('2026-01-11T00:00:00.000Z')
})

test('counts what waits by cause, after each arrival, departure and purge', async () => {
  const quarantine = await open(join(await tempFolder(), 'quarantine'))
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
  const quarantine = await open(join(await tempFolder(), 'quarantine'))
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
  expect(seen).toEqual(
    many(200)
      .map(({ id }) => id)
      .filter((id) => id !== 'e150' && id !== 'e199'),
  )
})

test('listings and purges at once leave each other whole', async () => {
  const quarantine = await open(join(await tempFolder(), 'quarantine'))
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
  const folder = join(await tempFolder(), 'quarantine')
  const quarantine = await open(folder)
  await quarantine.put(many(50))
  const wanted = many(50).map(({ id }) => id)
  let isPurging = true
  const purges = (async () => {
    for (let round = 0; round < 15; round += 1) {
      await quarantine.put([entry('passing')])
      await quarantine.release(['passing'], 'redriven')
      await quarantine.purge()
    }
    isPurging = false
  })()
  let reads = 0
  while (isPurging) {
    const reader = await FolderQuarantine.open(folder, { mode: 'read' })
    const ids = await idsOf(reader.list())
    await reader.close()
    expect(ids.filter((id) => id !== 'passing')).toEqual(wanted)
    reads += 1
  }
  await purges
  expect(reads).toBeGreaterThan(2)
  const held = await open(folder, Date.now, 'read')
  await quarantine.purge()
  expect(await idsOf(held.list())).toEqual(wanted)
})

test.each<[string, (folder: string) => Promise<unknown>]>([
  ['with a draft', (folder) => mkdir(`${folder}.draft`)],
  ['with the new log whole', (folder) => cp(folder, `${folder}.next`, { recursive: true })],
  ['with the old log gone', (folder) => rename(folder, `${folder}.next`)],
])('G10 reads whole what a purge left that was cut off %s, and changes nothing', async (_, cut) => {
  const folder = join(await tempFolder(), 'quarantine')
  const before = await open(folder)
  await before.put(many(3))
  await before.close()
  await cut(folder)
  const names = await readdir(join(folder, '..'), { recursive: true })
  const reader = await open(folder, Date.now, 'read')
  expect(await idsOf(reader.list())).toEqual(['e0', 'e1', 'e2'])
  expect(await readdir(join(folder, '..'), { recursive: true })).toEqual(names)
})
