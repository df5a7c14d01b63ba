import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { LedgerFinding } from '../../../core/audit/ledger-finding.ts'
import { namesOf, type RepairNames } from '../../../core/audit/repair-names.ts'
import type { RepairResult } from '../../../core/operations/answers.ts'
import type { RawChange } from '../../../core/page.ts'
import type { ObjectStore } from '../../../core/ports/ports.ts'
import { change } from '../../local/operations/things-fixture.ts'
import { commandsIn } from '../../local/recovery/carry-out.ts'

/** A pipeline of things, taken step by step, and its repair. */
export interface RepairUnderTest {
  readonly objects: ObjectStore
  /** Captures changes as one page. */
  capture(changes: readonly RawChange[], sequence: string): Promise<void>
  /** Formats what was captured since the last time, or moves on over it. */
  format(how?: 'pass over'): Promise<void>
  /** Lands what was delivered. */
  land(): Promise<void>
  /** Every fault, after all had its time. */
  audit(): Promise<readonly LedgerFinding[]>
  repair(names: Partial<RepairNames>, isDryRun?: boolean): Promise<RepairResult>
  /** Current: key and number of each row. */
  rows(): Promise<unknown>
  /** What waits in quarantine. */
  waiting(): Promise<number>
  close(): Promise<void>
}

const row = (lsn: number, n = lsn) => change('insert', lsn, { id: lsn, n })
const statesOf = ({ repairs }: RepairResult) => repairs.map(({ state }) => state)

/** What the audit says is to do, as the names that its commands have: every command must be a repair. */
function advised(findings: readonly LedgerFinding[]): RepairNames {
  const names = { pages: new Set<string>(), objects: new Set<string>(), files: new Set<string>() }
  const into: Readonly<Record<string, Set<string>>> = {
    '--page': names.pages,
    '--object': names.objects,
    '--file': names.files,
  }
  for (const { advice } of findings)
    for (const [command, option = '', name = ''] of commandsIn(advice)) {
      expect(command).toBe('repair')
      into[option]?.add(name)
    }
  const all = { pages: [...names.pages], objects: [...names.objects], files: [...names.files] }
  expect(namesOf(findings)).toEqual(all)
  return all
}

/** A repair of pages, objects and history files is the same wherever a pipeline runs. */
export function repairContract(name: string, open: () => Promise<RepairUnderTest>): void {
  const begun = async () => {
    const at = await open()
    onTestFinished(() => at.close())
    return at
  }
  /** Three pages of two changes each: three history files, of which the objects are gone. */
  const filled = async () => {
    const at = await begun()
    for (const page of [1, 2, 3]) {
      await at.capture([row(page * 10), row(page * 10 + 1)], String(page))
      await at.format()
      await at.land()
      for (const key of await at.objects.list('landing/changes/')) await at.objects.delete(key)
    }
    expect(await at.audit()).toEqual([])
    return at
  }
  const healthy = async (at: RepairUnderTest, rows: unknown) => {
    await at.land()
    expect(await at.audit()).toEqual([])
    expect(await at.rows()).toEqual(rows)
  }

  describe(`repair of ${name}`, () => {
    test('G1 a page that format passed over comes by the command that the audit prints; a dry run changes nothing', async () => {
      const at = await filled()
      const before = await at.rows()
      await at.capture([row(40), row(41)], '4')
      await at.format('pass over')
      await at.capture([row(50)], '5')
      await at.format()
      await at.land()
      const found = await at.audit()
      expect(found).toMatchObject([{ kind: 'page', count: 2 }])
      const names = advised(found)
      expect(statesOf(await at.repair(names, true))).toEqual(['planned'])
      expect(await at.audit()).toEqual(found)
      expect(await at.repair(names)).toMatchObject({
        isDryRun: false,
        repairs: [{ name: found[0]?.name, state: 'done', message: 'formatted again' }],
      })
      await healthy(at, [...Object(before), ['40', 40], ['41', 41], ['50', 50]])
      expect(statesOf(await at.repair(names))).toEqual(['done'])
      await healthy(at, [...Object(before), ['40', 40], ['41', 41], ['50', 50]])
    })

    test('G1 an object that is gone before it landed: its pages bring its blocks', async () => {
      const at = await filled()
      await at.capture([row(40)], '4')
      await at.format()
      for (const key of await at.objects.list('landing/changes/')) await at.objects.delete(key)
      await at.land()
      const found = await at.audit()
      expect(found).toMatchObject([{ kind: 'block', count: 1 }])
      const names = advised(found)
      expect(names.pages).toHaveLength(1)
      expect(statesOf(await at.repair(names))).toEqual(['done'])
      await at.land()
      expect(await at.audit()).toEqual([])
      expect(await at.rows()).toContainEqual(['40', 40])
    })

    test('G1 an object that cannot be read was set aside: named, its pages bring its blocks', async () => {
      const at = await begun()
      await at.capture([row(1), row(2)], 'a')
      await at.format()
      const [object = ''] = await at.objects.list('landing/changes/')
      await at.objects.put(object, gzipSync(gunzipSync(await at.objects.get(object)).subarray(0, -6)))
      await at.land()
      for (const key of await at.objects.list('landing/changes/')) await at.objects.delete(key)
      expect(await at.waiting()).toBe(1)
      expect(await at.rows()).toEqual([])
      const done = await at.repair({ objects: [object] })
      expect(done.repairs).toEqual([
        { name: object, state: 'done', message: 'it was set aside: 1 page of it formatted again' },
      ])
      await healthy(at, [
        ['1', 1],
        ['2', 2],
      ])
    })

    test('G1 a history file that is gone is made again of its pages, once for all', async () => {
      const at = await filled()
      const before = await at.rows()
      const files = await at.objects.list('lake/')
      await at.objects.delete(files[1] ?? '')
      const found = await at.audit()
      expect(found).toMatchObject([{ kind: 'file', name: files[1] }])
      const names = advised(found)
      const planned = await at.repair(names, true)
      expect(planned.repairs).toMatchObject([{ state: 'planned', message: 'made again of 1 page' }])
      expect(await at.audit()).toEqual(found)
      expect(statesOf(await at.repair(names))).toEqual(['done'])
      await healthy(at, before)
      /* The ledger expects the new file, and no more the lost one. */
      expect(await at.repair(names)).toMatchObject({
        repairs: [{ state: 'failed', message: 'the ledger knows no such file' }],
      })
    })

    test('G1 an object that lies there lands by name, and the file that it made comes back as it was', async () => {
      const at = await begun()
      await at.capture([row(1)], 'a')
      await at.format()
      const [object = ''] = await at.objects.list('landing/changes/')
      expect(statesOf(await at.repair({ objects: [object] }, true))).toEqual(['planned'])
      const content = await at.objects.get(object)
      expect(statesOf(await at.repair({ objects: [object] }))).toEqual(['done'])
      await healthy(at, [['1', 1]])
      const [file = ''] = await at.objects.list('lake/')
      await at.objects.delete(file)
      await at.objects.put(object, content)
      expect(await at.repair({ files: [file] })).toMatchObject({
        repairs: [{ state: 'done', message: `landed again from ${object}` }],
      })
      expect(await at.objects.list('lake/')).toEqual([file])
      await healthy(at, [['1', 1]])
    })

    test('G1 what is no delivered object is not landed as one, and stays', async () => {
      const at = await filled()
      const [file = ''] = await at.objects.list('lake/')
      const others = [file, 'keys/mask.hex', 'landing/loads/l1/public/things/LOAD00000001.parquet', '../x']
      await at.objects.put('keys/mask.hex', Buffer.from('00'))
      for (const isDryRun of [true, false])
        expect((await at.repair({ objects: others }, isDryRun)).repairs).toEqual(
          others.map((name) => ({
            name,
            state: 'failed',
            message: 'it is no object of landing/changes/',
          })),
        )
      expect(await at.objects.get('keys/mask.hex')).toEqual(Buffer.from('00'))
      expect(await at.objects.list('lake/')).toContain(file)
      expect(await at.waiting()).toBe(0)
    })

    test('what nobody has fails by its name, with what to do, and does not keep the others', async () => {
      const at = await filled()
      const [file = ''] = await at.objects.list('lake/')
      await at.objects.delete(file)
      const { repairs } = await at.repair({
        pages: ['no key'],
        objects: ['landing/changes/2026/01/02/03/none.ndjson.gz'],
        files: [
          file.replace(/[^/]+$/, 'foreign.parquet'),
          'landing/loads/none/public/things/LOAD00000001.parquet',
          file,
        ],
      })
      expect(repairs.map(({ state, message }) => [state, message])).toEqual([
        ['failed', 'nobody has it any more: `tidemark status --audit` names the pages of what is missing'],
        ['failed', 'it is no key of a page'],
        ['failed', 'the ledger knows no such file'],
        ['failed', expect.stringMatching(/tidemark load resume none|no complete load knows such a file/)],
        ['done', 'made again of 1 page'],
      ])
      await at.land()
      expect(await at.audit()).toEqual([])
    })
  })
}
