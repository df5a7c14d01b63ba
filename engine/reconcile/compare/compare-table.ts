import type { SqlEngine } from '../../../core/ports/ports.ts'
import type { Position } from '../../../core/position.ts'
import { literal } from '../../../lake/sql/sql-text.ts'
import { differingBuckets, rowsOf } from '../checksum/checksums.ts'
import type { LakeSide } from '../lake/lake-side.ts'
import type { Selection, SourceSide } from '../source/source-side.ts'
import type { Steps } from './steps.ts'

/** One key that differs between source and lake. */
export interface Difference {
  /** Comparison text of the key: each column with its length in front. */
  readonly key: string
  readonly kind: 'missing in the lake' | 'not in the source' | 'different'
  /** Of the lake's row; null where the lake has none. */
  readonly position: Position | null
  /** Rows that each side has of the key: more than one is a difference too. */
  readonly sourceRows: number
  readonly lakeRows: number
}

export interface Comparison {
  readonly sourceRows: number
  readonly lakeRows: number
  readonly differences: readonly Difference[]
  readonly differenceCount: number
}

export interface Sides {
  readonly source: SourceSide
  readonly lake: LakeSide
  readonly engine: SqlEngine
  /** A file of digests that this comparison may write. */
  readonly file: string
  readonly steps: Steps
}

/* More keys than these are counted, not listed. */
const MAX_LISTED = 10_000

/**
 * Compares the rows of a table, or a selection of them: first checksums of buckets, made where the rows are, then key by
 * key only in buckets that differ.
 */
export async function compareTable(sides: Sides, selection: Selection): Promise<Comparison> {
  if (selection.kind === 'keys') return compareRows(sides, selection)
  const { source, lake, steps } = sides
  const [ofSource, ofLake] = await both(
    steps.run('the source was summing its rows', () => source.checksums(selection)),
    steps.run('DuckDB was summing the rows of the lake', () => lake.checksums(selection)),
  )
  const buckets = differingBuckets(ofSource, ofLake)
  const counts = { sourceRows: rowsOf(ofSource), lakeRows: rowsOf(ofLake) }
  if (buckets.length === 0) return { ...counts, differences: [], differenceCount: 0 }
  return { ...(await compareRows(sides, { kind: 'buckets', buckets })), ...counts }
}

async function compareRows(sides: Sides, selection: Selection): Promise<Comparison> {
  const { source, lake, engine, file, steps } = sides
  await both(
    steps.run('the source was sending what may differ', () => source.writeDigests(file, selection)),
    steps.run('DuckDB was reading what may differ in the lake', () => lake.fillDigests(selection)),
  )
  await engine.run(`
    CREATE OR REPLACE TEMP TABLE source_side AS SELECT key, digest FROM read_csv(${literal(file)}, auto_detect = false, header = false,
      columns = {'key': 'VARCHAR', 'digest': 'VARCHAR'}, delim = ',', quote = '"', escape = '"', parallel = false, nullstr = '\\N')`)
  const [counts = []] = await engine.rows(`
    SELECT (SELECT count(*) FROM source_side)::INTEGER, (SELECT count(*) FROM lake_side)::INTEGER,
      (SELECT count(*) FROM ${MISMATCH})::INTEGER`)
  const found = await engine.rows(`SELECT * FROM ${MISMATCH} ORDER BY key LIMIT ${MAX_LISTED}`)
  await engine.run('DROP TABLE source_side; DROP TABLE lake_side')
  const [sourceRows = 0, lakeRows = 0, differenceCount = 0] = counts.map(Number)
  return {
    sourceRows,
    lakeRows,
    differenceCount,
    differences: found.map(([key, inSource, inLake, position]) => ({
      key: String(key),
      kind: kindOf(Number(inSource), Number(inLake)),
      position: typeof position === 'string' ? position : null,
      sourceRows: Number(inSource),
      lakeRows: Number(inLake),
    })),
  }
}

function kindOf(sourceRows: number, lakeRows: number): Difference['kind'] {
  if (lakeRows === 0) return 'missing in the lake'
  return sourceRows === 0 ? 'not in the source' : 'different'
}

/* Both end before either's failure is told: nothing is closed under one that still works. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([one, other])
  return [await one, await other]
}

/*
 * Keys are compared as sets of rows: a key that one side has twice differs too. Sums and ends of the digests instead of a
 * list of them, so that DuckDB can put what does not fit into memory on disk.
 */
const DIGESTS = `count(*) AS rows, min(digest) AS least, max(digest) AS most,
    sum(CAST('0x' || substr(digest, 1, 15) AS BIGINT)) AS digest_sum`
const MISMATCH = `(
  SELECT coalesce(s.key, l.key) AS key, coalesce(s.rows, 0)::INTEGER AS source_rows, coalesce(l.rows, 0)::INTEGER AS lake_rows,
    l.position
  FROM (SELECT key, ${DIGESTS} FROM source_side GROUP BY key) s
  FULL JOIN (SELECT key, ${DIGESTS}, max(position) AS position
    FROM lake_side GROUP BY key) l ON s.key = l.key
  WHERE s.rows IS DISTINCT FROM l.rows OR s.least <> l.least OR s.most <> l.most OR s.digest_sum <> l.digest_sum
)`
