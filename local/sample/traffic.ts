import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Dice, seededDice } from './dice.ts'
import { type Pace, steadyPace } from './pace.ts'
import { type KeyRanges, type LaneNumber, lanes, openLane } from './traffic-lane.ts'
import { emptyTally, type Tally, type TrafficReport } from './traffic-report.ts'
import { openSchedule, type Schedule } from './traffic-schedule.ts'
import { runTransaction } from './traffic-transaction.ts'

export interface TrafficOptions {
  /** Row changes, over all tables; inserts and deletes keep the volume about level. */
  readonly changesPerSecond: number
  /** Repeats the choices of each connection, not how the two interleave. */
  readonly seed?: number
  /** Now and then a shift that its contract refuses, break_minutes = -1; most are mended later. On unless told. */
  readonly badRows?: boolean
  /** Receives refused transactions, lost connections, and last the reason when traffic gives up. */
  readonly onError?: (error: Error) => void
}

export interface Traffic {
  /** Resolves when every transaction has ended and every connection is closed. */
  stop(): Promise<TrafficReport>
  report(): TrafficReport
}

/** Connections in a row that may fail before a lane gives up, and transactions that may. */
const patience = 20
const statementMs = 30_000
const goodbyeMs = 5_000
const connection = {
  application_name: 'tidemark traffic',
  connectionTimeoutMillis: 10_000,
  statement_timeout: statementMs,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: statementMs,
  query_timeout: statementMs + 5_000,
}

interface Run {
  readonly url: string
  readonly pace: Pace
  readonly tally: Tally
  readonly options: TrafficOptions
  readonly ended: AbortSignal
}

/**
 * Lives on the sample database: two connections that change shifts, people, contracts, absences and
 * pay in every way a lake must survive, at a steady rate, one statement at a time on each.
 */
export function startTraffic(url: string, options: TrafficOptions): Traffic {
  const end = new AbortController()
  const tally = emptyTally()
  const pace = steadyPace(options.changesPerSecond, performance.now())
  const run: Run = { url, pace, tally, options, ended: end.signal }
  const running = Promise.all(lanes.map((lane) => keepLane(run, lane)))
  return {
    stop: async () => {
      end.abort()
      await running
      return tally.report()
    },
    report: () => tally.report(),
  }
}

/** Drives one lane over as many connections as it takes; never rejects. */
async function keepLane(run: Run, number: LaneNumber): Promise<void> {
  const dice = seededDice(BigInt(Math.trunc(run.options.seed ?? 1)) * 2n + BigInt(number))
  const schedule = openSchedule(run.options, dice, number)
  for (let failures = 0; failures < patience; failures += 1) {
    let committed = false
    try {
      await driveLane(run, number, dice, schedule, () => {
        committed = true
      })
    } catch (error) {
      run.options.onError?.(error instanceof Error ? error : new Error('traffic failed', { cause: error }))
    }
    if (run.ended.aborted) return
    if (committed) failures = 0
    await pause(Math.min(100 * 2 ** failures, 5_000), run.ended)
  }
  run.options.onError?.(new Error(`traffic lane ${number} gave up`))
}

/** One connection, until traffic ends, the connection does, or nothing but refusals comes back. */
async function driveLane(
  run: Run,
  number: LaneNumber,
  dice: Dice,
  schedule: Schedule,
  onCommit: () => void,
): Promise<void> {
  const socket = new Socket()
  const client = new pg.Client({ ...connection, connectionString: run.url, stream: () => socket })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const lane = openLane(number, await keyRanges(client))
    for (let refused = 0; refused < patience; ) {
      const wait = run.pace.waitMs(performance.now())
      if (wait > 0) await pause(wait, run.ended)
      if (run.ended.aborted) return
      if (wait > 0) continue
      try {
        const cost = await runTransaction(client, { ...schedule.next(), lane, dice }, run.tally)
        run.pace.spend(Math.max(1, cost), performance.now())
        schedule.passed(cost)
        refused = 0
        onCommit()
      } catch (error) {
        run.tally.fail()
        // After any other error nobody knows what the server still does: the connection must go.
        if (!(error instanceof pg.DatabaseError)) throw error
        await client.query('rollback')
        run.options.onError?.(error)
        refused += 1
      }
    }
  } finally {
    /* The wait ends with the goodbye: a timer left over would keep the process. */
    const over = new AbortController()
    await Promise.race([client.end().catch(() => undefined), pause(goodbyeMs, over.signal)])
    over.abort()
    socket.destroy()
  }
}

async function keyRanges(client: pg.Client): Promise<KeyRanges> {
  const { rows } = await client.query<{ first: string; last: string; shop: number; popup: number }>(
    `select coalesce(min(shift_id), 9007199254740993)::text as first, coalesce(max(shift_id), 9007199254740993)::text as last,
      (select coalesce(max(shop_id), 1) from workforce.shops where code not like 'POP-%') as shop,
      (select coalesce(max(shop_id), 1) from workforce.shops) as popup from workforce.shifts`,
  )
  const [row] = rows
  if (!row) throw new Error('an aggregate without a row')
  return {
    firstShift: BigInt(row.first),
    lastShift: BigInt(row.last),
    lastShop: row.shop,
    lastPopUp: row.popup,
  }
}

async function pause(ms: number, ended: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: ended }).catch(() => undefined)
}
