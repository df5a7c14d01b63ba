import { join } from 'node:path'
import { literal } from '../../lake/sql/sql-text.ts'
import { ClickHouse, type ProcessUse } from './clickhouse.ts'

/** What a part of the benchmark took; memory where it had a process of its own. */
export interface Taken extends Pick<ProcessUse, 'cpuMs'>, Partial<Pick<ProcessUse, 'peakMb'>> {
  readonly ms: number
}

/** ClickHouse reads `workforce.shifts` from PostgreSQL into one Parquet file. Throws what npm and ClickHouse say. */
export async function viaClickHouse(dir: string, url: string): Promise<Taken> {
  const clickhouse = await ClickHouse.open(join(dir, 'rival'))
  try {
    await clickhouse.query('SELECT 1')
    const before = clickhouse.use.cpuMs
    const { hostname, port, pathname, username, password } = new URL(url)
    const texts = [
      `${hostname}:${port}`,
      pathname.slice(1),
      'shifts',
      username,
      decodeURIComponent(password),
      'workforce',
    ]
    const startedAt = performance.now()
    await clickhouse.query(
      `SELECT * FROM postgresql(${texts.map(literal).join(', ')}) INTO OUTFILE ${literal(join(dir, 'rival.parquet'))} TRUNCATE FORMAT Parquet`,
    )
    const ms = performance.now() - startedAt
    const { cpuMs, peakMb } = clickhouse.use
    return { ms, cpuMs: cpuMs - before, peakMb }
  } finally {
    clickhouse.close()
  }
}
