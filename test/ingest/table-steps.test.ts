import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PipelineError } from '../../core/failures/failures.ts'
import { isOver, loadStates, type TableLoad } from '../../core/load/load.ts'
import { loadPosition } from '../../core/position.ts'
import { arrivedFile, auditFault, rowsOf, rowsOfAll } from '../../ingest/loads/audit-table.ts'
import {
  audited,
  begun,
  cancelled,
  completed,
  counted,
  ended,
  type FileLanding,
  failed,
  fileArrived,
  filesHere,
  filesLanded,
  landedWhole,
  placed,
  readWhole,
  reopened,
  waiting,
} from '../../ingest/loads/table-steps.ts'
import { runs } from '../support/budget.ts'

type Step = (table: TableLoad) => TableLoad

const root = resolve(import.meta.dirname, '../..')
const NOW = Date.parse('2026-11-23T10:00:00Z')
const place = { position: loadPosition(1, 9n), oid: 7, now: NOW }
const cause = { code: 'landing/corrupt' as const, message: 'no Parquet' }

function file(number: number, rows = 3) {
  return arrivedFile(`landing/loads/l1/w/shops/LOAD0000000${number}.parquet`, { rows, bytes: 10 * rows })
}

/* As its landing tells it: one row is refused. */
function landing(number: number, rows = 3): FileLanding {
  const counts = { landed: { 'w.shops v1': rows - 1 }, refused: { 'w.shops v1': 1 } }
  return { key: file(number).key, rows, ...counts, history: [`h${number}`] }
}

test('no other file of a load writes down a state of a table', () => {
  const rooms = ['ingest/loads', 'local/loads', 'handlers/loads']
  const states = new RegExp(`state: '(${loadStates.join('|')})'`)
  const making = rooms.flatMap((room) =>
    readdirSync(join(root, room)).flatMap((name) => {
      const file = `${room}/${name}`
      return states.test(readFileSync(join(root, file), 'utf8')) ? [file] : []
    }),
  )
  expect(making).toEqual(['ingest/loads/table-steps.ts'])
})

function held({ files }: TableLoad): number {
  return files.reduce((sum, { landed }) => sum + rowsOfAll(landed), 0)
}

const audit: Step = (table) => audited(table, { kind: 'exact', held: held(table) })
const arrive = (number: number, rows?: number): Step => {
  return (table) => fileArrived(table, file(number, rows))
}

describe('a step', () => {
  const fresh = waiting('w.shops', 6)
  const ready = placed(fresh, place)
  const reading = filesLanded(arrive(2)(arrive(1)(begun(ready))), [landing(1)])
  const read = readWhole(reading, 6, NOW)
  const whole = filesLanded(read, [landing(2)])
  const tables = {
    fresh,
    ready,
    reading,
    read,
    whole,
    landed: landedWhole(whole),
    audited: audit(landedWhole(whole)),
    complete: completed(audit(landedWhole(whole)), NOW),
    failed: failed(whole, cause, NOW),
    cancelled: cancelled(reading, NOW),
  }
  const taken = {
    place: (table) => placed(table, { ...place, now: NOW + 1 }),
    begin: begun,
    count: (table) => counted(table, { rows: 5, bytes: 50 }),
    arrive: arrive(3),
    'arrive again': arrive(1),
    'look again': (table) => filesHere(table, [file(1), file(2)]),
    'look after': (table) => filesHere(table, [file(1)]),
    'land one': (table) => filesLanded(table, [landing(2)]),
    'land again': (table) => filesLanded(table, [landing(1)]),
    'land unseen': (table) => filesLanded(table, [landing(4)]),
    end: (table) => ended(table, NOW),
    read: (table) => readWhole(table, 6, NOW),
    land: landedWhole,
    audit,
    complete: (table) => completed(table, NOW + 1),
    fail: (table) => failed(table, cause, NOW + 1),
    cancel: (table) => cancelled(table, NOW + 1),
    reopen: reopened,
  } satisfies Record<string, Step>

  /* What each gives of each table: another one (+), the same one (=), or a refusal (!). */
  const outcomes = `
                  fresh ready reading read whole landed audited complete failed cancelled
    place         +     +     +       +    +     +      +       !        !      !
    begin         !     +     =       =    =     =      =       =        !      !
    count         !     !     +       =    =     =      =       =        !      !
    arrive        !     !     +       +    +     !      !       !        !      !
    arrive again  !     !     =       =    =     =      =       =        !      !
    look again    !     !     =       =    =     =      =       =        !      !
    look after    !     !     +       +    =     =      =       =        !      !
    land one      !     !     +       +    =     =      =       =        !      !
    land again    !     !     =       =    =     =      =       =        !      !
    land unseen   !     !     !       !    !     !      !       !        !      !
    end           !     !     +       =    =     =      =       =        !      !
    read          !     !     +       =    =     =      =       =        !      !
    land          !     !     !       !    +     =      =       =        !      !
    audit         !     !     !       !    !     +      =       =        !      !
    complete      !     !     !       !    !     !      +       =        !      !
    fail          +     +     +       +    +     +      +       !        =      !
    cancel        +     +     +       +    +     +      +       !        !      =
    reopen        =     =     !       !    !     !      !       !        +      +
  `

  test('is taken, is behind, or is refused, by where the table is', () => {
    const lines = outcomes.split('\n').filter((line) => line.trim() !== '')
    const rows = lines.map((line) => [line.slice(0, 18).trim(), ...line.slice(18).trim().split(/ +/)])
    const found = Object.entries(taken).map(([name, take]) => [
      name,
      ...Object.values(tables).map((table) => outcome(take, table)),
    ])
    expect([['', ...Object.keys(tables)], ...found]).toEqual(rows)
  })

  test('that is taken twice changes nothing', () => {
    for (const take of Object.values(taken))
      for (const table of Object.values(tables)) {
        if (outcome(take, table) !== '+') continue
        const once = take(table)
        expect(take(once)).toEqual(once)
      }
  })

  test('back to the beginning keeps nothing of the reading before', () => {
    for (const table of [placed(tables.whole, place), placed(reopened(tables.failed), place)])
      expect(table).toEqual(ready)
    expect(() => begun(reopened(tables.cancelled))).toThrow(RangeError)
  })

  function outcome(take: Step, table: TableLoad): string {
    try {
      return take(table) === table ? '=' : '+'
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      return '!'
    }
  }
})

test('G3 G10 in whichever order news of files and rows come, again and again, a table ends the same', () => {
  const rows = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 })
  const shuffled = rows.chain((counts) => {
    const news = [...counts.keys()].flatMap((at) => [`arrive ${at}`, `land ${at}`])
    const all = [...news, 'read', 'end', 'count', 'look', 'look']
    return fc.tuple(fc.constant(counts), fc.shuffledSubarray(all, { minLength: all.length }))
  })
  const repeats = fc.array(fc.nat(20), { maxLength: 8 })
  fc.assert(
    fc.property(shuffled, repeats, ([counts, order], again) => {
      const inOrder = [...counts.keys()].flatMap((at) => [`arrive ${at}`, `land ${at}`])
      const expected = lived([...inOrder, 'read'], counts)
      /* A file lands after it arrived. */
      const isEarly = (step: string, index: number) =>
        step.startsWith('land ') && !order.slice(0, index).includes(step.replace('land', 'arrive'))
      const late = order.filter(isEarly)
      const legal = [...order.filter((step) => !late.includes(step)), ...late]
      const repeated = legal.flatMap((step, at) => [
        step,
        ...again.flatMap((back) => (back % legal.length === at ? legal.slice(0, at + 1) : [])),
      ])
      expect(lived(repeated, counts)).toEqual(expected)
    }),
    { numRuns: runs(300) },
  )
})

/* A table after these steps, and its end. */
function lived(steps: readonly string[], counts: readonly number[]): TableLoad {
  const come = new Set<number>()
  const landed = new Set<number>()
  const total = counts.reduce((sum, count) => sum + count, 0)
  const take = (table: TableLoad, step: string): TableLoad => {
    const [kind, number] = step.split(' ')
    const at = Number(number)
    switch (kind) {
      case 'arrive':
        come.add(at)
        return arrive(at, counts[at])(table)
      case 'land':
        landed.add(at)
        return filesLanded(table, [landing(at, counts[at])])
      case 'look': {
        const here = filesHere(
          table,
          [...come].map((one) => file(one, counts[one])),
        )
        return filesLanded(
          here,
          [...landed].map((one) => landing(one, counts[one])),
        )
      }
      case 'count':
        return counted(table, { rows: come.size, bytes: 1 })
      case 'end':
        return ended(table, NOW)
      default:
        return readWhole(table, total, NOW)
    }
  }
  const begins = begun(placed(waiting('w.shops', null), place))
  return completed(audit(landedWhole(steps.reduce(take, begins))), NOW)
}

test('G1 G10 whatever is told of a table, it is complete only when every file of it landed and the counts agree', () => {
  const number = fc.integer({ min: 1, max: 3 })
  const few = fc.integer({ min: 0, max: 2 })
  const slip = fc.constantFrom(0, 0, 0, 1, -1)
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constant<Step>((table) => placed(table, place)),
    fc.constant<Step>(begun),
    fc.uniqueArray(number).map<Step>(
      (here) => (table) =>
        filesHere(
          table,
          here.map((one) => file(one, one)),
        ),
    ),
    { weight: 3, arbitrary: number.map((one) => arrive(one, one)) },
    {
      weight: 4,
      arbitrary: fc.tuple(number, slip).map<Step>(([one, off]) => (table) => {
        const told = landing(one, one + 1)
        return filesLanded(table, [{ ...told, rows: told.rows + off }])
      }),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(slip, few).map<Step>(
        ([off, more]) =>
          (table) =>
            readWhole(table, rowsOf(table.files) + off + (more === 2 ? 1 : 0), NOW),
      ),
    },
    { weight: 4, arbitrary: fc.constant<Step>(landedWhole) },
    {
      weight: 4,
      arbitrary: fc.tuple(slip, fc.boolean()).map<Step>(
        ([off, isExact]) =>
          (table) =>
            audited(table, isExact ? { kind: 'exact', held: held(table) + off } : { kind: 'at-least' }),
      ),
    },
    { weight: 3, arbitrary: fc.constant<Step>((table) => completed(table, NOW)) },
    fc.constant<Step>((table) => cancelled(table, NOW)),
    fc.constant<Step>(reopened),
  )
  let completes = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      let table = begun(placed(waiting('w.shops', null), place))
      for (const take of steps) {
        const before = table
        table = taken(take, before)
        if (before.state === 'complete') expect(table).toBe(before)
        if (isOver(before.state) && table !== before) expect(table.state).toBe('started')
        if (table.state === 'complete') expect(['audited', 'complete']).toContain(before.state)
        if (table.state === 'audited') expect(['landed', 'audited']).toContain(before.state)
        if (['landed', 'audited', 'complete'].includes(table.state))
          expect([table.isRead, table.files.every(({ state }) => state === 'landed')]).toEqual([true, true])
        if (table.state === 'audited' || table.state === 'complete') {
          expect(rowsOf(table.files)).toBeGreaterThanOrEqual(table.rows)
          for (const { rows, landed, refused } of table.files)
            expect(rowsOfAll(landed) + rowsOfAll(refused)).toBe(rows)
        }
      }
      completes += table.state === 'complete' ? 1 : 0
    }),
    { numRuns: runs(1_000) },
  )
  expect(completes).toBeGreaterThan(0)
})

/* The table after a step, or as it was when that is refused. */
function taken(step: Step, table: TableLoad): TableLoad {
  try {
    return step(table)
  } catch (error) {
    if (!(error instanceof PipelineError)) expect(error).toBeInstanceOf(RangeError)
    else expect(error.code).toBe('load/audit')
    return table
  }
}

describe('G1 an audit', () => {
  const files = (told: Partial<FileLanding> = {}) =>
    filesLanded(arrive(1)(begun(placed(waiting('w.shops', null), place))), [{ ...landing(1), ...told }]).files
  const exact = (rows: number, count = 2, told?: Partial<FileLanding>) =>
    auditFault({ rows, files: files(told) }, { kind: 'exact', held: count })
  const atLeast = (rows: number, told?: Partial<FileLanding>) =>
    auditFault({ rows, files: files(told) }, { kind: 'at-least' })

  test('of a copy wants every row that was read in its files, and in history by their footers', () => {
    expect([exact(3), exact(2), exact(4), exact(3, 1), exact(3, 3)]).toEqual([
      undefined,
      '2 rows were read, 3 have landed',
      '4 rows were read, 3 have landed',
      '2 rows were landed, its history files hold 1',
      '2 rows were landed, its history files hold 3',
    ])
  })

  test('of a task wants as many at least, which it may have written twice', () => {
    expect([atLeast(3), atLeast(2), atLeast(4)]).toEqual([
      undefined,
      undefined,
      '4 rows were read, 3 have landed',
    ])
  })

  test('wants of each contract that it took or refused each row', () => {
    const told = { landed: { 'w.shops v1': 2, 'w.shops v2': 3 } }
    const uneven = `${file(1).key}: 3 rows, 2 in history and quarantine of w.shops v1`
    expect(exact(3, 5, { ...told, refused: {} })).toBe(uneven)
    expect(atLeast(3, { ...told, refused: {} })).toBe(uneven)
    expect(exact(3, 5, told)).toBeUndefined()
  })
})
