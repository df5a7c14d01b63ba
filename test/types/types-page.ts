import type { Table } from '../../core/contract/language/table.ts'
import { typeName } from '../../core/contract/value/type.ts'
import { athenaType } from '../../glue/athena-type.ts'
import { catalogTable } from '../../glue/catalog-table.ts'
import { dmsRenderings } from './dms-renderings.ts'
import type { MeasuredType } from './matrix.ts'
import type { Cell } from './observe.ts'

const head = `<!-- Written by \`npm run test:types -- -u\` from what the run measured; do not edit. -->
# Types

What becomes of each PostgreSQL type in the lake, measured. A test writes the values below (NULL, empty, smallest and
largest, the infinities, what text formats stumble over) into a real PostgreSQL, with other defaults of time zone and
output than usual, runs the whole pipeline on it with contracts inferred from the catalog, and compares every value, on
every way and for every reader, with PostgreSQL's own text of it.

- **Ways**: full load, CDC insert, CDC update, an update that leaves the value alone (also when it is stored out of line,
  TOAST, and the stream does not bring it), delete and change of the key, replay of the raw pages and of the load's files,
  the load once more with every row through the row codec.
- **Readers**: the raw store (its pages and the load's files, these through hyparquet, too), the history's Parquet through
  DuckDB, the same files through hyparquet (which shares no code with DuckDB or with our writer), the \`current\` view.
- **Outcomes**: \`exact\`: the same value in a type of its own. \`exact as text\`: a string column that holds PostgreSQL's
  text, character by character. \`quarantined\`: refused whole, with its reason, the raw value kept. There is no fourth: any
  other outcome fails the test.

`

const columns = [
  'PostgreSQL',
  'contract',
  'lake (Athena)',
  'load',
  'insert',
  'update',
  'unchanged',
  'as a key',
  'notes',
]

/** The page of the type matrix, in Markdown, made of what was measured. */
export function typesPage(types: readonly MeasuredType[]): string {
  const cells = types.reduce((sum, type) => sum + type.cells.length, 0)
  const counted = `${types.filter(({ isSkipped }) => !isSkipped).length} types, ${cells} cells compared.\n\n`
  const table = [line(columns), line(columns.map(() => '---')), ...typeLines(types)].join('\n')
  return `${head}${counted}${table}\n${legend}${tablesSection}${dmsSection()}`
}

/** A line of the page for each type. */
export function typeLines(types: readonly MeasuredType[]): readonly string[] {
  return types.map((type) => line(rowOf(type)))
}

const legend = `
"unchanged" is an update of another column: where the type can be stored out of line, the change does not bring the value
(it is listed in \`_absent\` of the history row) and \`current\` takes it from the last row that had it. A type without a
word under "as a key" has no key of its own in the test: PostgreSQL does not allow it, or it is text like its neighbours.

`

/* Each line has its test in `tables.test.ts`. */
const tablesSection = `## Tables, keys and names

| at the source | in the lake |
| --- | --- |
| names with capitals, quotes, spaces, dashes, keywords, 63 characters, \`__proto__\`, \`_position\` | lower snake case, each with a name of its own; no column is lost |
| a key of several columns; a change of the key | the same rows; the old key is deleted, the new one inserted |
| a key that its column cannot hold (a date \`infinity\`) | the change is quarantined, the proof lists the key |
| no primary key, or one with a generated column | left out by name, with the SQL that adds one where there is such SQL |
| a deferrable primary key | left out: PostgreSQL takes it for no replica identity, and under it \`UPDATE t SET pos = pos + 1\` gives keys twice in between. Followed when an immediate unique index holds the key, too |
| a replica identity, of the table or of a partition, that does not carry the key or that PostgreSQL refuses once it is published | left out by name, with the statement that mends it |
| a partition that is unlogged or foreign | its table is left out by name |
| a column that is \`NOT NULL\` by a domain, or by a constraint that is \`NOT VALID\` | may be null in an inferred contract: the source may hold nulls |
| identity, serial | like any integer |
| generated columns, stored or virtual | left out: the stream does not bring them |
| partitioned table | one table under the name of its root; rows may move between partitions |
| a partition attached with rows, dropped, detached, or truncated by itself | PostgreSQL's stream does not say it: the next look at the source's catalog does, and the table is loaded again ([05](05-schema-changes.md)) |
| inherited tables | the parent with its own rows alone, each child a table of its own |
| \`TRUNCATE\` | the table starts anew |
| a table dropped and created again under its name | nothing arrives until the next start, which loads it; the floor hides the old rows |

`

function rowOf({ given, isSkipped, cells, table, keyTable }: MeasuredType): readonly string[] {
  const name = `\`${given.type.replace(/^kinds\./, '')}\``
  if (isSkipped)
    return [name, '', '', '', '', '', '', '', `not measured: the server has no ${given.extension}`]
  const on = (path: string) =>
    outcomes(cells.filter((cell) => cell.path === path && !cell.reader.startsWith('raw store')))
  const key = outcomes(
    cells.filter((cell) => cell.path.startsWith('key ') && !cell.reader.startsWith('raw store')),
  )
  const isOther = given.key !== undefined && given.key !== given.contract
  return [
    name,
    `\`${contractOf(table)}\``,
    lakeOf(table),
    on('load'),
    on('insert'),
    on('update'),
    on('unchanged'),
    isOther ? `${key} (\`${contractOf(keyTable)}\`)` : key,
    notesOf(given, cells),
  ]
}

/* A refused value is in the notes: the cell says what becomes of all others. */
function outcomes(cells: readonly Cell[]): string {
  const seen = new Set(cells.map(({ observed }) => observed))
  const isHealed = seen.delete('absent')
  if (seen.size > 1) seen.delete('quarantined')
  return `${[...seen].join(', ')}${isHealed ? ', out of line too' : ''}`
}

function notesOf({ note, refused = [] }: MeasuredType['given'], cells: readonly Cell[]): string {
  const reasons = new Set(cells.flatMap(({ reason }) => reason ?? []))
  const why = refused.map((value) => value.why).join('; ')
  const quarantined = why === '' ? [] : [`**quarantined**: ${why} (“${[...reasons].join('”, “')}”)`]
  return [...(note === undefined ? [] : [note]), ...quarantined].join('. ')
}

function contractOf(table: Table | undefined): string {
  const type = table?.columns['v']?.type
  return type === undefined ? '' : typeName(type)
}

function lakeOf(table: Table | undefined): string {
  if (table === undefined) return ''
  const { columns: all } = catalogTable(table)
  return all
    .flatMap(({ contractColumn, type }) => (contractColumn === 'v' ? [`\`${athenaType(type)}\``] : []))
    .join(' and ')
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function dmsSection(): string {
  const rows = dmsRenderings.map(({ what, loses, fate, how, setting }) =>
    line([what, loses, fate, how, setting]),
  )
  return `## What AWS DMS may lose before Tidemark sees it

The table above is measured with our own replicator, which writes PostgreSQL's digits. AWS DMS renders some values with
loss. What follows is our knowledge of DMS from its documentation and from captured records, not a measurement:
check it on your own task. "accepted" means that the rendering is understood and the value is right; "detected", that the loss
does not stay silent; "not detectable", that the record looks like any other and only reconciling with the source shows it.

${[line(['what', 'how DMS renders it', 'here', 'how', 'what avoids it']), line(['---', '---', '---', '---', '---']), ...rows].join('\n')}
`
}
