import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type QueryExecution,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena'
import { PipelineError } from '../../core/failures/failures.ts'
import { type CallName, callAws } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

export interface AthenaRunnerSettings {
  readonly client: AthenaClient
  readonly workgroup: string
  readonly retry: RetryPolicy
  /** How long a query may run; then it is stopped. */
  readonly queryDeadlineMs: number
  /** First wait between two looks; each is half as long again, up to twenty times the first. */
  readonly pollMs: number
  /** What the region charges, and the least that it charges for. */
  readonly price: { readonly dollarsPerTerabyte: number; readonly minimumBytes: number }
}

export interface AthenaQuery {
  readonly sql: string
  readonly database: string
  /** Tells apart two runs of one statement; the same run started again (a retry) is one query. */
  readonly run: string
  /** Where results go, `s3://…`; a workgroup may say it instead. */
  readonly output?: string
}

/** A query that ended well. */
export interface AthenaRun {
  readonly id: string
  readonly bytesScanned: number
  readonly dollars: number
  readonly milliseconds: number
}

const call: CallName = { code: 'aws/unavailable', what: 'Athena' }
const TERABYTE = 1e12
const POLL_GROWTH = 1.5
const POLL_CAP = 20

/**
 * Statements on Athena. `run` resolves when the statement has succeeded; throws `query/failed` with Athena's word for the
 * state and the id of the query, never its text or values, and `query/timeout` after stopping it.
 */
export class AthenaRunner {
  private readonly settings: AthenaRunnerSettings

  constructor(settings: AthenaRunnerSettings) {
    this.settings = settings
  }

  async run(query: AthenaQuery): Promise<AthenaRun> {
    const id = await this.start(query)
    const { Statistics } = await this.ended(id)
    const bytesScanned = Statistics?.DataScannedInBytes ?? 0
    const milliseconds = Statistics?.TotalExecutionTimeInMillis ?? 0
    return { id, bytesScanned, milliseconds, dollars: this.costOf(bytesScanned) }
  }

  /** Rows of a query that `run` returned, a page of 1,000 in memory at a time; the line of column names is left out. */
  async *rows({ id }: AthenaRun): AsyncGenerator<readonly (string | null)[]> {
    const { client, retry } = this.settings
    let NextToken: string | undefined
    let isFirst = true
    do {
      const command = new GetQueryResultsCommand({
        QueryExecutionId: id,
        MaxResults: 1_000,
        ...(NextToken === undefined ? {} : { NextToken }),
      })
      const page = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
      for (const { Data } of (page.ResultSet?.Rows ?? []).slice(isFirst ? 1 : 0))
        yield (Data ?? []).map(({ VarCharValue }) => VarCharValue ?? null)
      isFirst = false
      NextToken = page.NextToken
    } while (NextToken !== undefined)
  }

  private async start({ sql, database, run, output }: AthenaQuery): Promise<string> {
    const { client, workgroup, retry } = this.settings
    const command = new StartQueryExecutionCommand({
      QueryString: sql,
      QueryExecutionContext: { Database: database },
      WorkGroup: workgroup,
      ...(output === undefined ? {} : { ResultConfiguration: { OutputLocation: output } }),
      /* A start whose answer was lost is not a second query. */
      ClientRequestToken: createHash('sha256')
        .update(JSON.stringify([run, database, sql]))
        .digest('hex'),
    })
    const started = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
    if (started.QueryExecutionId === undefined)
      throw new PipelineError('aws/unavailable', 'Athena gave no id')
    return started.QueryExecutionId
  }

  private async ended(id: string): Promise<QueryExecution> {
    const { client, retry, pollMs, queryDeadlineMs } = this.settings
    const deadline = AbortSignal.timeout(queryDeadlineMs)
    for (let wait = pollMs; ; wait = Math.min(wait * POLL_GROWTH, pollMs * POLL_CAP)) {
      const command = new GetQueryExecutionCommand({ QueryExecutionId: id })
      const found = await callAws(call, retry, (abortSignal) => client.send(command, { abortSignal }))
      const state = found.QueryExecution?.Status?.State
      if (found.QueryExecution !== undefined && state === 'SUCCEEDED') return found.QueryExecution
      if (state === 'FAILED' || state === 'CANCELLED')
        throw new PipelineError('query/failed', `query ${id}: ${state.toLowerCase()}`)
      const isOver = await sleep(wait, false, { signal: deadline }).catch(() => true)
      if (!isOver) continue
      const stop = new StopQueryExecutionCommand({ QueryExecutionId: id })
      await callAws(call, retry, (abortSignal) => client.send(stop, { abortSignal }))
      throw new PipelineError('query/timeout', `query ${id} was stopped after ${queryDeadlineMs} ms`)
    }
  }

  private costOf(bytes: number): number {
    const { dollarsPerTerabyte, minimumBytes } = this.settings.price
    /* Statements that scan nothing (DDL) are free. */
    return bytes === 0 ? 0 : (Math.max(bytes, minimumBytes) / TERABYTE) * dollarsPerTerabyte
  }
}
