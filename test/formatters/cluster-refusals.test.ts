import { expect, test } from 'vitest'
import type { Reason, WaitingEntry } from '../../core/ports/ports.ts'
import { type Cluster, clusterIds, clusterRefusals, shortId } from '../../formatters/cluster-refusals.ts'

const bad = (path: string, message = 'is not a number'): Reason => ({
  code: 'format/bad-value',
  path,
  message,
})

function entry(id: string, reasons: readonly Reason[], given: Partial<WaitingEntry> = {}): WaitingEntry {
  return {
    id,
    stage: 'format',
    table: 'public.people',
    contract: { name: 'hr.people', version: 1 },
    position: null,
    reasons,
    payload: '{"data":{"name":"Jeanne"}}',
    encoding: 'json',
    since: '2026-01-02T00:00:00.000Z',
    ...given,
  }
}

async function clustersOf(entries: readonly WaitingEntry[]): Promise<readonly Cluster[]> {
  return clusterRefusals(
    (async function* () {
      yield* entries
    })(),
  )
}

test('entries of one cause are one cluster, the largest first, with when it began and came last', async () => {
  const clusters = await clustersOf([
    entry('a', [bad('level')], { since: '2026-01-03T00:00:00.000Z' }),
    entry('b', [bad('pay')]),
    entry('c', [bad('level')], { since: '2026-01-01T00:00:00.000Z' }),
  ])
  expect(clusters.map(({ reason, count }) => [reason.path, count])).toEqual([
    ['level', 2],
    ['pay', 1],
  ])
  expect(clusters[0]).toMatchObject({
    table: 'public.people',
    contract: { name: 'hr.people', version: 1 },
    firstSeen: '2026-01-01T00:00:00.000Z',
    lastSeen: '2026-01-03T00:00:00.000Z',
    example: shortId('a'),
  })
  expect(JSON.stringify(clusters)).not.toContain('Jeanne')
})

test('elements of a list are one cause, and an entry counts once in it', async () => {
  const clusters = await clustersOf([
    entry('a', [bad('skills[0]'), bad('skills[7]')]),
    entry('b', [bad('skills[12]')]),
  ])
  expect(clusters.map(({ reason, count }) => [reason.path, count])).toEqual([['skills[]', 2]])
})

test('an entry with two reasons is in two clusters, and they say so by the same ids', async () => {
  const both = entry('a', [bad('level'), bad('pay')])
  const clusters = await clustersOf([both])
  expect(clusters.map(({ id }) => id).toSorted()).toEqual(clusterIds(both).toSorted())
  expect(new Set(clusterIds(both)).size).toBe(2)
})

test('the id of a cause is the same whatever waits for it, and another one for another contract', () => {
  const [id] = clusterIds(entry('a', [bad('level')]))
  expect(
    clusterIds(entry('b', [bad('level')], { since: '2030-01-01T00:00:00.000Z', payload: '{}' })),
  ).toEqual([id])
  expect(clusterIds(entry('a', [bad('level')], { contract: { name: 'hr.people', version: 2 } }))).not.toEqual(
    [id],
  )
  expect(clusterIds(entry('a', [bad('level', 'is too long')]))).not.toEqual([id])
  expect(id).toMatch(/^[0-9a-f]{8}$/)
  expect(shortId('a')).toMatch(/^[0-9a-f]{10}$/)
})

test('what capture and landing set aside is in clusters too', async () => {
  const reasons = [{ code: 'capture/undecodable', path: '', message: 'no metadata' }] as const
  const clusters = await clustersOf([entry('a', reasons, { stage: 'capture', table: null, contract: null })])
  expect(clusters).toMatchObject([{ table: null, contract: null, count: 1 }])
})
