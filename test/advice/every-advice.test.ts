import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { statusLines } from '../../cli/view/status-table.ts'
import { failures } from '../../core/failures/failures.ts'
import { driftKinds } from '../../core/source-drift.ts'
import { folderRules } from '../../local/doctor/folder-rules.ts'
import { followed } from './followed.ts'

const root = resolve(import.meta.dirname, '../..')
const text = (path: string) =>
  existsSync(resolve(root, path)) ? readFileSync(resolve(root, path), 'utf8') : ''

/* What prints an advice: an advice without one of three ways to know that it is right is none. */
describe.each([
  ['failure', followed.failures, Object.keys(failures)],
  ['check of a folder', followed.folderRules, folderRules.map(({ id }) => id)],
  ['line of a status', followed.statusLines, statusLines],
  ['difference of the source', followed.drift, Object.keys(driftKinds)],
])('of each %s', (_, ways, names) => {
  test('the advice is carried out by a test, or is one that no test machine can follow, for a reason', () => {
    expect(Object.keys(ways).toSorted()).toEqual([...names].toSorted())
  })

  test.each(Object.entries(ways))('%s: what it is tied to is there', (name, way) => {
    if ('scenario' in way) expect(way.scenario).toBeTypeOf('function')
    else if ('nobody' in way) expect(way.nobody).toMatch(/\w+ \w+/)
    else if ('named' in way) expect(text(way.test), way.test).toContain(way.named)
    else {
      expect(text(way.page), way.page).not.toBe('')
      expect(text(way.test), way.test).toContain(name)
    }
  })
})
