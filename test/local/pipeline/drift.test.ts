import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Drift, type DriftContracts } from '../../../local/state/drift.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const NOW = Date.UTC(2026, 0, 2)
const nothingKnown: DriftContracts = { knows: () => false, digestOf: () => 'first' }

function contracts(fields: readonly string[], digest: string): DriftContracts {
  return { knows: (_, field) => fields.includes(field), digestOf: () => digest }
}

test('G10 a field is on disk when its note resolves, with the time at which it was first seen', async () => {
  const path = join(await tempFolder(), 'drift.json')
  const drift = await Drift.open(path, nothingKnown)
  expect(drift.ofTable('a.t')).toBeUndefined()
  await Promise.all([
    drift.noteFields('a.t', new Set(['one', 'über']), NOW),
    drift.noteFields('a.t', new Set(['one']), NOW + 1_000),
    drift.noteFields('a.t', new Set(['two']), NOW + 1_000),
    drift.noteFields('b.t', new Set(['one']), NOW),
  ])
  const again = await Drift.open(path, nothingKnown)
  const fields = again.ofTable('a.t')?.fields ?? {}
  expect(Object.entries(fields).toSorted()).toEqual([
    ['one', '2026-01-02T00:00:00.000Z'],
    ['two', '2026-01-02T00:00:01.000Z'],
    ['über', '2026-01-02T00:00:00.000Z'],
  ])
  expect(Object.keys(again.ofTable('b.t')?.fields ?? {})).toEqual(['one'])
})

test('what is as it was before is no drift any more', async () => {
  const drift = await Drift.open(join(await tempFolder(), 'drift.json'), nothingKnown)
  for (const operation of ['change-columns', 'rename-column', 'enum-label', 'key-returned'])
    await drift.noteDefinition('a.t', operation, NOW)
  const told = () => drift.ofTable('a.t')?.definitions.map(({ operation }) => operation)
  expect(told()).toEqual(['rename-column', 'enum-label'])
  await drift.noteDefinition('a.t', 'column-returned', NOW)
  expect(told()).toEqual(['enum-label', 'column-returned'])
})

test('a field is gone once a contract has it; the others stay', async () => {
  const path = join(await tempFolder(), 'drift.json')
  const drift = await Drift.open(path, nothingKnown)
  await drift.noteFields('a.t', new Set(['one', 'two']), NOW)
  await drift.noteDefinition('a.t', 'add-column', NOW)
  const half = await Drift.open(path, contracts(['one'], 'second'))
  expect(Object.keys(half.ofTable('a.t')?.fields ?? {})).toEqual(['two'])
  expect(half.ofTable('a.t')?.definitions).toHaveLength(1)
  expect((await Drift.open(path, contracts(['one', 'two'], 'third'))).ofTable('a.t')).toBeUndefined()
})

test('data definition stays, across a restart, until somebody changed a contract; what a load announces is none', async () => {
  const path = join(await tempFolder(), 'drift.json')
  const drift = await Drift.open(path, nothingKnown)
  await drift.noteDefinition('a.t', 'create-table', NOW)
  expect(drift.ofTable('a.t')).toBeUndefined()
  await drift.noteDefinition('a.t', 'column-type-change', NOW)
  const again = await Drift.open(path, nothingKnown)
  expect(again.ofTable('a.t')?.definitions).toEqual([
    { operation: 'column-type-change', at: '2026-01-02T00:00:00.000Z' },
  ])
  expect((await Drift.open(path, contracts([], 'second'))).ofTable('a.t')).toBeUndefined()
})

test('G9 keeps the newest of many data definitions', async () => {
  const path = join(await tempFolder(), 'drift.json')
  const drift = await Drift.open(path, nothingKnown)
  for (let index = 0; index < 25; index += 1) await drift.noteDefinition('a.t', `rename-column ${index}`, NOW)
  const operations = drift.ofTable('a.t')?.definitions.map(({ operation }) => operation) ?? []
  expect([operations.length, operations.at(-1)]).toEqual([20, 'rename-column 24'])
})

test('a note that could not be written is not known, and the next one writes it', async () => {
  const folder = await tempFolder()
  const path = join(folder, 'drift.json')
  const drift = await Drift.open(path, nothingKnown)
  await mkdir(join(path, 'in the way'), { recursive: true })
  await expect(drift.noteFields('a.t', new Set(['one']), NOW)).rejects.toThrow()
  expect(drift.ofTable('a.t')).toBeUndefined()
  await rm(path, { recursive: true })
  await drift.noteFields('a.t', new Set(['one']), NOW)
  expect(Object.keys((await Drift.open(path, nothingKnown)).ofTable('a.t')?.fields ?? {})).toEqual(['one'])
})
