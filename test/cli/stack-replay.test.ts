import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tableInput } from '../../aws/glue/table-input.ts'
import { contractDigests } from '../../core/contract/language/contract-digest.ts'
import type { ReplayRequest } from '../../core/operations/stack-requests.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { tables } from '../../schemas/index.ts'
import { type ReplayParts, replayByPieces } from '../../stack/operations/stack-replay.ts'
import { json } from '../aws/fake-partial-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { inProcess } from '../support/tidemark.ts'

type Answer = Awaited<ReturnType<ReplayParts['ask']>>

const asked = { table: 'w.things', version: 1, contract: 'abc', isDryRun: false }
const progress = (
  state: 'running' | 'complete' | 'dry run',
  pages: number,
  from: string | null = '1',
): Answer => ({
  state,
  revision: state === 'dry run' ? null : 3,
  pages,
  changes: pages * 2,
  rows: pages * 3,
  refused: pages,
  from,
  since: from === null ? null : `since ${from}`,
  after: `page ${from} ${pages}`,
})

/* A function that answers so, and what it was asked. */
function parts(answers: readonly Answer[]) {
  const pieces: ReplayRequest[] = []
  const seen: number[] = []
  let waits = 0
  const left = [...answers]
  const given: ReplayParts = {
    ask: async (piece) => {
      pieces.push(piece)
      return left.shift() ?? { state: 'busy' }
    },
    wait: async () => {
      waits += 1
    },
    onProgress: ({ pages }) => seen.push(pages),
  }
  return { given, pieces, seen, waits: () => waits }
}

describe('a replay asked for piece by piece', () => {
  test('goes on until the function says that it is complete, and its last answer counts', async () => {
    const { given, pieces, seen } = parts([
      progress('running', 16),
      progress('running', 32),
      progress('complete', 40),
    ])
    expect(await replayByPieces(asked, given)).toEqual(progress('complete', 40))
    expect(pieces.map(({ after }) => after)).toEqual([null, null, null])
    expect(seen).toEqual([16, 32, 40])
  })

  test('a dry run goes on behind the page of the last answer, and all of them add up', async () => {
    const { given, pieces } = parts([
      progress('running', 16),
      progress('running', 10, '2'),
      progress('dry run', 4, '3'),
    ])
    const sums = { pages: 30, changes: 60, rows: 90, refused: 30, from: '1', since: 'since 1' }
    expect(await replayByPieces({ ...asked, isDryRun: true }, given)).toMatchObject({
      state: 'dry run',
      ...sums,
    })
    expect(pieces.map(({ after }) => after)).toEqual([null, 'page 1 16', 'page 2 10'])
  })

  test('waits while another request is at it, and not for ever', async () => {
    const { given, waits } = parts([
      { state: 'busy' },
      progress('running', 1),
      { state: 'busy' },
      progress('complete', 2),
    ])
    expect(await replayByPieces(asked, given)).toMatchObject({ state: 'complete', pages: 2 })
    expect(waits()).toBe(2)
    await expect(replayByPieces(asked, parts([]).given)).rejects.toMatchObject({ code: 'function/busy' })
  })

  test('a function that gets nowhere is not asked again and again', async () => {
    const { given } = parts([progress('running', 16), progress('running', 16)])
    await expect(replayByPieces(asked, given)).rejects.toMatchObject({ code: 'function/failed' })
  })
})

test('the command asks the functions of a stack that have its contract, then redrives, and says how far it reaches', async () => {
  const shops = tables.filter(({ name }) => name === 'workforce.shops')
  const events: string[] = []
  let known = contractDigests(shops)
  const answers = [progress('running', 16), progress('complete', 20)]
  const redriven = { considered: 1, passed: 0, contracts: [], refused: 1, reasons: [], isInterrupted: false }
  const lambda = await faultProxy(async ({ body }) => {
    const event = JSON.parse(body.toString())
    if ('contracts' in event) return json({ contracts: known })
    events.push(Object.keys(event).join())
    return json('replay' in event ? answers.shift() : redriven)
  })
  const inGlue = shops.map((table) =>
    tableInput('', 's3://lake', { table: catalogTable(table), floors: [], revisions: [], base: null }),
  )
  const glue = await faultProxy(async () => json({ TableList: inGlue }))
  const file = join(await tempFolder(), 'data.json')
  const value = {
    region: 'eu-west-1',
    bucket: 'lake',
    catalog_prefix: '',
    ledger_table: 'ledger',
    systems: ['workforce-postgres'],
    functions: { format: 'f', land: 'l', land_load: 'll', loads: 'ls' },
  }
  await writeFile(file, JSON.stringify({ tidemark_data: { value } }))
  const environment = {
    AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
    AWS_ENDPOINT_URL_GLUE: glue.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const run = (...args: string[]) =>
    inProcess(['replay', '--stack', file, '--table', 'workforce.shops', ...args], environment)
  try {
    const { code, stdout, stderr } = await run()
    expect(code, stderr).toBe(0)
    expect(stdout).toBe(
      [
        'workforce.shops v1, revision 3: 40 changes of 20 pages: 60 rows, 20 refused; published in the lake',
        '  raw pages reach back to since 1: older changes, and rows of load files, keep their reading',
        '  quarantine: 0 accepted, 1 still rejected\n',
      ].join('\n'),
    )
    expect(events).toEqual(['replay', 'replay', 'redrive'])
    known = { ...known, 'workforce.shops v1': 'older' }
    expect((await run('--json')).stdout).toContain('table/not-deployed')
    expect((await run('--from', 'x')).stderr).toContain('usage/invalid')
    expect(events).toHaveLength(3)
  } finally {
    await Promise.all([lambda.close(), glue.close()])
  }
})
