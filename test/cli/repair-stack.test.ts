import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json } from '../aws/fake-partial-faults.ts'
import { faultProxy } from '../aws/fault-proxy.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { inProcess } from '../support/tidemark.ts'

test('the command asks the functions of the stack, and says what is not named', async () => {
  const asked: string[] = []
  const lambda = await faultProxy(async ({ url, body }) => {
    asked.push(`${url.split('/')[3]} ${body.toString()}`)
    return json({ done: ['p1'], absent: [], failed: [], left: [] })
  })
  try {
    const stack = join(await tempFolder(), 'data.json')
    const value = {
      region: 'eu-west-1',
      bucket: 'lake',
      raw_table: 'raw',
      ledger_table: 'ledger',
      systems: ['workforce-postgres'],
      functions: { format: 'a-format', land: 'a-land' },
    }
    await writeFile(stack, JSON.stringify({ tidemark_data: { value } }))
    const environment = {
      AWS_ENDPOINT_URL_LAMBDA: lambda.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    }
    const run = (...more: string[]) =>
      inProcess(['redrive', '--stack', stack, ...more, '--json'], environment)
    const done = await run('--page', 'p1')
    expect([done.code, JSON.parse(done.stdout)]).toEqual([
      0,
      { isDryRun: false, repairs: [{ name: 'p1', state: 'done', message: 'formatted again' }] },
    ])
    expect(asked).toEqual(['a-format {"pages":["p1"]}'])
    expect((await run()).stdout).toContain('usage/invalid')
    await writeFile(stack, JSON.stringify({ tidemark_data: { value: { ...value, systems: ['none'] } } }))
    expect((await run('--page', 'p1')).stdout).toContain('settings/invalid')
  } finally {
    await lambda.close()
  }
})
