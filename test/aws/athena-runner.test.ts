import { afterAll, beforeEach, expect, test } from 'vitest'
import { AthenaRunner } from '../../aws/athena/athena-runner.ts'
import { athenaClient } from '../../aws/calls/clients.ts'
import { type FaultPlan, faultProxy, faults, operationOf } from './fault-proxy.ts'
import { json } from './partial-faults.ts'
import { quickRetry, standInSettings } from './quick-settings.ts'

const proxy = await faultProxy(async (exchange) => {
  const body = JSON.parse(exchange.body.toString())
  /* Athena takes a repeated token for the query that it began. */
  if (operationOf(exchange) === 'StartQueryExecution')
    return json({ QueryExecutionId: body.ClientRequestToken })
  return json({ QueryExecution: { Status: { State: 'SUCCEEDED' } } })
})
afterAll(() => proxy.close())
beforeEach(() => {
  proxy.plan = () => undefined
})
const client = athenaClient(standInSettings(proxy.endpoint))
afterAll(() => client.destroy())
const price = { dollarsPerTerabyte: 5, minimumBytes: 10_000_000 }
const patience = { queryDeadlineMs: 5_000, pollMs: 1, retry: quickRetry, price }
const runner = new AthenaRunner({ client, workgroup: 'primary', ...patience })
const query = { sql: 'SELECT 1', database: 'd', run: 'r1', output: 's3://b/out/' }
const states = (...texts: readonly string[]): FaultPlan => {
  const left = [...texts]
  return (exchange) =>
    operationOf(exchange) === 'GetQueryExecution' && left.length > 0
      ? async () => {
          const State = left.length > 1 ? left.shift() : left[0]
          const Statistics = { DataScannedInBytes: 2_000_000_000_000, TotalExecutionTimeInMillis: 7 }
          return json({ QueryExecution: { QueryExecutionId: 'q', Status: { State }, Statistics } })
        }
      : undefined
}

test('runs a statement to its end and says what it cost', async () => {
  proxy.plan = states('QUEUED', 'RUNNING', 'SUCCEEDED')
  expect(await runner.run(query)).toMatchObject({ bytesScanned: 2e12, dollars: 10, milliseconds: 7 })
})

test('starts one query however often the answer of the start is lost', async () => {
  let starts = 0
  const tokens = new Set<string>()
  proxy.plan = (exchange) => {
    if (operationOf(exchange) !== 'StartQueryExecution') return undefined
    starts += 1
    tokens.add(JSON.parse(exchange.body.toString()).ClientRequestToken)
    return starts < 3 ? faults['a cut after the write'] : undefined
  }
  await runner.run(query)
  expect([starts, tokens.size]).toEqual([3, 1])
})

test('a query that fails or is cancelled is query/failed, one beyond its time is stopped', async () => {
  for (const state of ['FAILED', 'CANCELLED']) {
    proxy.plan = states('RUNNING', state)
    await expect(runner.run(query)).rejects.toMatchObject({ code: 'query/failed' })
  }
  const hurried = new AthenaRunner({ client, workgroup: 'primary', ...patience, queryDeadlineMs: 20 })
  const running = states('RUNNING')
  let stops = 0
  proxy.plan = (exchange, number) => {
    if (operationOf(exchange) === 'StopQueryExecution') stops += 1
    return running(exchange, number)
  }
  await expect(hurried.run(query)).rejects.toMatchObject({ code: 'query/timeout' })
  expect(stops).toBe(1)
})

test('gives rows page by page, without the line of names, null as null', async () => {
  const run = await runner.run(query)
  const row = (...values: readonly (string | null)[]) => ({
    Data: values.map((value) => (value === null ? {} : { VarCharValue: value })),
  })
  proxy.plan = (exchange) => async () => {
    const isSecond = JSON.parse(exchange.body.toString()).NextToken === 't'
    const Rows = isSecond ? [row('3', 'c')] : [row('id', 'text'), row('1', 'a'), row('2', null)]
    return json({ ResultSet: { Rows }, ...(isSecond ? {} : { NextToken: 't' }) })
  }
  const rows: (readonly (string | null)[])[] = []
  for await (const one of runner.rows(run)) rows.push(one)
  expect(rows).toEqual([
    ['1', 'a'],
    ['2', null],
    ['3', 'c'],
  ])
})
