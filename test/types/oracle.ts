import pg from 'pg'
import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'

/** What PostgreSQL itself says of one value. */
export interface Oracle {
  /** Its text, as psql prints it; null for NULL. */
  readonly text: string | null
  /** Days or microseconds since 1970, or the elements of an array as JSON; computed by PostgreSQL. */
  readonly measure: string | null
}

/* Pinned here and not taken from the code under test; the database's own defaults are others. */
const settings = `SET timezone = 'UTC'; SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres';
  SET extra_float_digits = 1; SET bytea_output = 'hex'`

export async function openOracle(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  await client.query(settings)
  return client
}

/** The first column and the value `v` of each row, in order; `text` is the SQL of the value's text. */
export async function askOracle(
  client: pg.Client,
  from: string,
  { id, text = 'v', type }: { readonly id: string; readonly text?: string; readonly type: ColumnType },
): Promise<readonly (Oracle & { readonly id: string })[]> {
  const asText = { getTypeParser: () => (value: string | Buffer) => value.toString() }
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${id}, ${text}, ${measureOf(type)} FROM ${from} ORDER BY 1`,
    rowMode: 'array',
    types: asText,
  })
  return rows.map(([key, value, measure]) => ({
    id: String(key),
    text: value ?? null,
    measure: measure ?? null,
  }))
}

function measureOf(type: ColumnType): string {
  switch (type.kind) {
    case 'date':
      return "CASE WHEN isfinite(v) THEN v - date '1970-01-01' END"
    case 'timestampMicros':
      return 'CASE WHEN isfinite(v) THEN trunc(extract(epoch FROM v) * 1000000)::bigint END'
    case 'list':
      return `CASE WHEN v IS NOT NULL THEN (SELECT coalesce(json_agg(CASE WHEN e IS NOT NULL THEN format('%s', e) END ORDER BY n), '[]')
        FROM unnest(v) WITH ORDINALITY AS u (e, n)) END`
    default:
      return 'NULL'
  }
}

/**
 * The form in which a lake column of a value is compared, whoever reads it: integers, days and instants as bigint, decimals
 * as their digits, floats as their bits, bytes as hex. Made of PostgreSQL's text alone.
 */
export function expectedOf({ type, part }: LakeColumn, { text, measure }: Oracle): string {
  if (text === null) return show(null)
  if (part !== 'value') {
    const micros = BigInt(measure ?? 0)
    /* Towards the past, as the contract type says. */
    const millis = micros - (((micros % 1000n) + 1000n) % 1000n)
    return show(part === 'micros' ? micros : millis)
  }
  if (type.kind === 'date') return show(BigInt(measure ?? 0))
  if (type.kind !== 'list') return show(leafOf(type, text))
  const elements: unknown = JSON.parse(measure ?? '[]')
  const texts = Array.isArray(elements) ? elements : []
  return show(texts.map((element) => (element === null ? null : leafOf(type.of, String(element)))))
}

const DAY_MS = 86_400_000

function leafOf(type: ColumnType, text: string): unknown {
  switch (type.kind) {
    case 'bigint':
    case 'integer':
    case 'smallint':
      return BigInt(text)
    case 'double':
      return bitsOf(Number(text))
    case 'real':
      return bitsOf(Math.fround(Number(text)))
    case 'boolean':
      return text === 't'
    case 'decimal':
      return { unscaled: BigInt(text.replace('.', '')) }
    case 'binary':
      return text.slice(2)
    case 'date':
      /* An element of a list; the platform's calendar is the proleptic Gregorian one, as PostgreSQL's. */
      return BigInt(Date.parse(`${text}T00:00:00Z`) / DAY_MS)
    default:
      return text
  }
}

/** The 64 bits: NaN and both zeros have their own. */
export function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  return view.getBigUint64(0).toString(16)
}

export function show(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner))
}
