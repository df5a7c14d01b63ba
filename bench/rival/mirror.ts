import { setTimeout as sleep } from 'node:timers/promises'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { say, withClient } from '../measure.ts'
import { ClickHouse } from './clickhouse.ts'

const PAUSE_MS = 100

/* What is compared of each table: rows and sums, the same in both languages. */
const micros = {
  source: 'sum((extract(epoch from updated_at) * 1000000)::bigint)',
  rival: 'sum(toInt128(toUnixTimestamp64Micro(updated_at)))',
}
const whole = (column: string) => ({ source: `sum(${column})`, rival: `sum(toInt128(${column}))` })
const cents = (column: string) => ({
  source: `(sum(${column}) * 100)::bigint`,
  rival: `toInt128(sum(${column}) * 100)`,
})
const TABLES: Readonly<Record<string, readonly { readonly source: string; readonly rival: string }[]>> = {
  shops: [whole('shop_id'), micros],
  employees: [whole('shop_id'), micros],
  employment_contracts: [whole('contract_no'), cents('weekly_hours')],
  shifts: [whole('break_minutes'), micros],
  absences: [cents('hours'), micros],
  payslips: [cents('net'), whole('worked_minutes')],
}

export interface Mirrored {
  readonly seconds: number
  /** Whether rows and sums of every table were those of the source in the end. */
  readonly equal: boolean
  readonly peakMb: number
}

/**
 * The sample database followed by ClickHouse's MaterializedPostgreSQL, an engine that reads a slot of its own into tables
 * that are merged by key. A row in a schema of the bench is updated until it shows it, to know when it has everything.
 */
export class Mirror {
  private readonly clickhouse: ClickHouse
  private readonly source: Source
  private beats = 0

  private constructor(clickhouse: ClickHouse, source: Source) {
    this.clickhouse = clickhouse
    this.source = source
  }

  /** Resolves when the tables are copied, and the rival is paused. */
  static async open(dir: string, source: Source, deadlineMs: number): Promise<Mirror> {
    await withClient(source, (client) =>
      client.query(
        'create schema bench; create table bench.heartbeat (id int primary key, n int not null); insert into bench.heartbeat values (1, 0)',
      ),
    )
    const mirror = new Mirror(await ClickHouse.open(dir), source)
    try {
      const { hostname, port, username, password, pathname } = new URL(source.url)
      await mirror.clickhouse.query('SET allow_experimental_database_materialized_postgresql = 1')
      await mirror.clickhouse.query(
        `CREATE DATABASE mirror ENGINE = MaterializedPostgreSQL('${hostname}:${port}', '${pathname.slice(1)}', '${username}', '${password}')
         SETTINGS materialized_postgresql_schema_list = 'workforce,bench'`,
      )
      if ((await mirror.caughtUp(deadlineMs)) !== undefined) throw new Error('the copies are not equal')
    } catch (error) {
      mirror.close()
      throw error
    }
    mirror.clickhouse.pause()
    return mirror
  }

  /** How long it takes from here until it has what the source has, or until the deadline. */
  async drain(deadlineMs: number): Promise<Mirrored> {
    const startedAt = performance.now()
    this.clickhouse.resume()
    const different = await this.caughtUp(deadlineMs)
    if (different !== undefined) say(`ClickHouse: ${different} is not equal to the source`)
    const seconds = (performance.now() - startedAt) / 1_000
    return { seconds, equal: different === undefined, peakMb: this.clickhouse.use.peakMb }
  }

  close(): void {
    this.clickhouse.close()
  }

  /* The beat is cheap to ask for; the sums are asked when it has come. A table that is not equal by the deadline, or undefined. */
  private async caughtUp(deadlineMs: number): Promise<string | undefined> {
    const until = performance.now() + deadlineMs
    let different: string | undefined = 'the heartbeat'
    for (const from = this.beats + 1; performance.now() < until; await sleep(PAUSE_MS)) {
      this.beats += 1
      await withClient(this.source, (client) =>
        client.query('update bench.heartbeat set n = $1', [this.beats]),
      )
      const seen = await this.clickhouse.query('SELECT n FROM mirror.`bench.heartbeat`').catch(() => '')
      if (Number(seen) < from) continue
      different = await this.difference()
      if (different === undefined) return undefined
    }
    return different
  }

  /* The first table that is not the same. */
  private async difference(): Promise<string | undefined> {
    for (const [table, sums] of Object.entries(TABLES)) {
      const asked = `SELECT ${['count(*)', ...sums.map(({ source }) => source)].join(', ')} FROM workforce.${table}`
      const theirs = `SELECT ${['count()', ...sums.map(({ rival }) => rival)].join(', ')} FROM mirror.\`workforce.${table}\` FINAL WHERE _sign = 1`
      const ours = await withClient(this.source, async (client) => {
        const { rows } = await client.query<string[]>({ text: asked, rowMode: 'array' })
        return (rows[0] ?? []).join('\t')
      })
      if ((await this.clickhouse.query(theirs).catch(() => '')) !== ours) return table
    }
    return undefined
  }
}
