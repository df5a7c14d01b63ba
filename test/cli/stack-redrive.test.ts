import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { alteredFile, lostBlock, lostPage, unlandedObject } from '../../core/audit/ledger-finding.ts'
import type { MissingFile } from '../../core/audit/recovery-source.ts'
import type { NamedBlock } from '../../core/ledger/ledger.ts'
import { namesOf, type RedriveParts, redriveStack } from '../../stack/operations/stack-redrive.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { headerOf } from '../ports/ledger.contract.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { inProcess } from '../support/tidemark.ts'

const day = { table: 'a.t', version: 1, day: '2026-01-02' }
const file = { key: 'lake/a/t/ingest_date=2026-01-02/f.parquet', rows: 1, bytes: 9, first: null, last: null }
const page = headerOf(1)
const block: NamedBlock = {
  ...{ contract: 'a.t v1', origin: 'page', page: headerOf(2).key, ordinal: 0, changes: 1, rows: 1 },
  ...{ first: '', last: '', digest: 'd' },
}
const none = { pages: [], objects: [], files: [] }

function partsOf(answers: Partial<RedriveParts> = {}) {
  const asked: (readonly string[])[] = []
  const forgotten: string[] = []
  const all = async (names: readonly string[]) => {
    asked.push(names)
    return { done: [...names], absent: [], failed: [], left: [] }
  }
  const parts: RedriveParts = {
    ...{ format: all, land: all, findRecoverySource: async () => undefined },
    forget: async (_, key) => void forgotten.push(key),
    ...answers,
  }
  return { parts, asked, forgotten }
}

test('findings of an audit become names: pages, of blocks, too, objects and files, each once', () => {
  const lost = lostBlock(block, 'no landed object has it')
  const findings = [
    ...[lostPage(page, ['a.t v1']), lost, lost, unlandedObject('landing/changes/o', 'block')],
    ...[
      unlandedObject('landing/loads/l1/a/t/LOAD00000001.parquet', 'load'),
      alteredFile(day, file, undefined),
    ],
  ]
  expect(namesOf(findings)).toEqual({
    pages: [page.key, headerOf(2).key],
    objects: ['landing/changes/o'],
    files: [file.key],
  })
})

test('many pages are asked for in parts, and what a function had no time for is asked for again', async () => {
  const pages = Array.from({ length: 120 }, (_, at) => `p${at}`)
  const { parts, asked } = partsOf()
  expect(await redriveStack({ ...none, pages }, parts)).toEqual({ done: pages, failed: [] })
  expect(asked.map(({ length }) => length)).toEqual([50, 50, 20])
  const slow = partsOf({
    format: async (names) => ({ done: names.slice(0, 30), absent: [], failed: [], left: names.slice(30) }),
  })
  expect((await redriveStack({ ...none, pages }, slow.parts)).done.toSorted()).toEqual(pages.toSorted())
  const stuck = partsOf({ format: async (names) => ({ done: [], absent: [], failed: [], left: [...names] }) })
  await expect(redriveStack({ ...none, pages }, stuck.parts)).rejects.toMatchObject({
    code: 'function/failed',
  })
})

test('what is absent or fails is told by name, and does not keep the others', async () => {
  const { parts } = partsOf({
    format: async () => ({
      done: ['a'],
      absent: ['b'],
      failed: [{ name: 'c', code: 'raw/corrupt' }],
      left: [],
    }),
  })
  expect(await redriveStack({ ...none, pages: ['a', 'b', 'c'] }, parts)).toEqual({
    done: ['a'],
    failed: [
      { name: 'b', reason: 'nobody has it any more' },
      { name: 'c', reason: 'raw/corrupt' },
    ],
  })
})

test('a file leaves the manifest only when it did not come back and what it was made of is on its way', async () => {
  const by = (isThere: boolean, source: MissingFile['source']) => async () => ({ day, isThere, source })
  const object = { kind: 'object', object: 'landing/changes/o' } as const
  const pages = { kind: 'pages', pages: ['p1', 'p2'] } as const
  const files = { ...none, files: [file.key] }
  const back = partsOf({ findRecoverySource: by(true, object) })
  expect(await redriveStack(files, back.parts)).toEqual({ done: ['landing/changes/o'], failed: [] })
  const moved = partsOf({ findRecoverySource: by(false, object) })
  await redriveStack(files, moved.parts)
  const rewritten = partsOf({ findRecoverySource: by(false, pages) })
  expect((await redriveStack(files, rewritten.parts)).done).toEqual(['p1', 'p2'])
  const damaged = partsOf({ findRecoverySource: by(true, pages) })
  expect((await redriveStack(files, damaged.parts)).failed).toMatchObject([{ name: file.key }])
  const failing = partsOf({
    findRecoverySource: by(false, pages),
    format: async (names) => ({ done: [], absent: [...names], failed: [], left: [] }),
  })
  await redriveStack(files, failing.parts)
  const gone = partsOf({ findRecoverySource: by(false, undefined) })
  expect((await redriveStack(files, gone.parts)).failed[0]?.reason).toMatch('load the table again')
  expect((await redriveStack(files, partsOf().parts)).failed[0]?.reason).toMatch('knows no such file')
  expect([back, moved, rewritten, damaged, failing, gone].map(({ forgotten }) => forgotten.length)).toEqual([
    0, 1, 1, 0, 0, 0,
  ])
})

test('the command asks the functions of the stack, and says what is not named', async () => {
  const asked: string[] = []
  const lambda = await faultProxy(async ({ url, body }) => {
    asked.push(`${url.split('/')[3]} ${body.toString()}`)
    return json({ done: ['p1'], absent: [], failed: [], left: [] })
  })
  try {
    const stack = join(await tempFolder(), 'data.json')
    const value = {
      ...{
        region: 'eu-west-1',
        bucket: 'lake',
        raw_table: 'raw',
        ledger_table: 'ledger',
        systems: ['workforce-postgres'],
      },
      functions: { format: 'a-format', land: 'a-land' },
    }
    await writeFile(stack, JSON.stringify({ tidemark_data: { value } }))
    const environment = {
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    }
    const run = (...more: string[]) =>
      inProcess(['redrive', '--stack', stack, ...more, '--json'], environment)
    const done = await run('--page', 'p1')
    expect([done.code, JSON.parse(done.stdout)]).toEqual([0, { done: ['p1'], failed: [] }])
    expect(asked).toEqual(['a-format {"pages":["p1"]}'])
    expect((await run()).stdout).toContain('usage/invalid')
    await writeFile(stack, JSON.stringify({ tidemark_data: { value: { ...value, systems: ['none'] } } }))
    expect((await run('--page', 'p1')).stdout).toContain('settings/invalid')
  } finally {
    await lambda.close()
  }
})
