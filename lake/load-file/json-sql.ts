import { literal } from '../sql/sql-text.ts'

/*
 * What DuckDB's json_valid takes beside JSON: a comma before a closing bracket, and words for NaN and infinity where a
 * value stands, which is first or after one of three marks.
 */
const BLANK = '[ \\t\\n\\r]*'
const SUSPECT = literal(`,${BLANK}[\\]}]|(^|[\\[:,])${BLANK}-?(?i:nan|inf)`)
const STRING = literal('"([^"\\\\]|\\\\.)*"')

/** SQL condition: true only where `JSON.parse` reads the text. A few texts that it reads are not certain. */
export function isJson(ref: string): string {
  /* In most documents nothing looks like that; in the others only what is outside of strings counts. */
  const bare = `regexp_replace(${ref}, ${STRING}, '""', 'gs')`
  /* CASE, because DuckDB works out both sides of an OR. */
  const isSound = `CASE WHEN regexp_matches(${ref}, ${SUSPECT}) THEN NOT regexp_matches(${bare}, ${SUSPECT}) ELSE true END`
  return `(json_valid(${ref}) AND ${isSound})`
}
