import { identifier } from './sql-text.ts'

const TYPES: Readonly<Record<string, string>> = {
  bigint: 'BIGINT',
  int: 'INTEGER',
  smallint: 'SMALLINT',
  double: 'DOUBLE',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  string: 'VARCHAR',
  binary: 'BLOB',
}

/** DuckDB's name of an Athena type. Throws RangeError for a type that the catalog never holds. */
export function duckdbType(athenaType: string): string {
  const [, element] = /^array<(.+)>$/.exec(athenaType) ?? []
  if (element !== undefined) return `${duckdbType(element)}[]`
  const [, members] = /^struct<(.+)>$/.exec(athenaType) ?? []
  if (members !== undefined) return `STRUCT(${membersOf(members).map(duckdbMember).join(', ')})`
  if (/^decimal\(\d{1,2},\d{1,2}\)$/.test(athenaType)) return athenaType.toUpperCase()
  const type = TYPES[athenaType]
  if (type === undefined) throw new RangeError('not a type of the catalog')
  return type
}

function duckdbMember(member: string): string {
  const colon = member.indexOf(':')
  return `${identifier(member.slice(0, Math.max(colon, 0)))} ${duckdbType(member.slice(colon + 1))}`
}

/* Split at the commas that are in no brackets of their own. */
function membersOf(text: string): readonly string[] {
  const members: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if ('<('.includes(char)) depth += 1
    if ('>)'.includes(char)) depth -= 1
    if (char !== ',' || depth > 0) continue
    members.push(text.slice(start, at))
    start = at + 1
  }
  return [...members, text.slice(start)]
}
