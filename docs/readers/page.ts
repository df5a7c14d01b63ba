import type { Outcome } from './judge.ts'
import { readers } from './readers.ts'

/** A group of values of a form, ordinary ones where `what` is undefined, and what each reader makes of it. */
export interface Measured {
  readonly contract: string
  readonly what: string | undefined
  readonly outcomes: readonly Outcome[]
}

/** The page, Markdown. */
export function readersPage(measured: readonly Measured[]): string {
  const ordinary = measured.filter(({ what }) => what === undefined)
  const extreme = measured.filter(({ what }) => what !== undefined)
  const different = extreme.filter(({ outcomes }) => outcomes.some(({ kind }) => kind !== 'exact'))
  const messages = new Map<string, number>()
  const heads = readers.map(({ title }) => title)
  const table = (first: readonly string[], rows: readonly (readonly string[])[]) =>
    [
      `| ${[...first, ...heads].join(' | ')} |`,
      `| ${[...first, ...heads].map(() => '---').join(' | ')} |`,
      ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    ].join('\n')
  const ordinaryTable = table(
    ['in a contract'],
    ordinary.map(({ contract, outcomes }) => [contract, ...outcomes.map((one) => cell(one, messages))]),
  )
  const extremeTable = table(
    ['in a contract', 'value'],
    different.map(({ contract, what, outcomes }) => [
      contract,
      what ?? '',
      ...outcomes.map((one) => cell({ ...one, what: one.kind === 'exact' ? '' : one.what }, messages)),
    ]),
  )
  const alike = extreme
    .filter((one) => !different.includes(one))
    .map(({ contract, what }) => `${contract}: ${what}`)
  return `<!-- Written by \`npm run docs:readers\` from what it measured; do not edit. -->
# Which reader reads what

Files of Tidemark's own Parquet writer, read by other people's readers: each form that a column of a contract has, with
ordinary values and with the extreme ones, a file for each row of the tables. \`npm run docs:readers -- --check\` installs
the readers in a folder of its own and says whether this page still holds.

- **exact**: every value is the one that was written, in the form named.
- **null**: a null comes in place of a value.
- **wrong**: another value comes; the first is shown.
- **refused**: an error, for the whole column. The numbers name the messages below.

enum, uuid, json, time and varchar are text in the file, as string is, for Athena reads no UUID, TIME or JSON annotation.
\`timestampMicros\` has two columns, whole milliseconds as a timestamp and microseconds as a bigint.

What counts is what the program that calls the reader gets: \`toRecords()\` of nodejs-polars, JSON of ClickHouse with its
64-bit integers and decimals quoted, hyparquet with \`utf8: false\` (by default it makes text of bytes, too). "Groups of the
file" are the two that a list has in Parquet, \`list\` and \`element\`.

## Ordinary values

${ordinaryTable}

## Extreme values

${extremeTable}

Exact for every reader: ${alike.join('; ')}.

## Messages

${[...messages].map(([message, number]) => `${number}. ${message}`).join('\n')}

## What a contract can choose

${advice(measured)}
`
}

function cell({ kind, what }: Outcome, messages: Map<string, number>): string {
  if (kind === 'exact') return what === '' || what === 'null' ? 'exact' : `exact: ${what}`
  if (kind === 'null') return '**null**'
  if (kind === 'wrong') return `**wrong**: ${escaped(what)}`
  const message = plain(what)
  const number = messages.get(message) ?? messages.size + 1
  messages.set(message, number)
  return `refused (${number})`
}

/* Without the paths and offsets of one run. */
function plain(message: string): string {
  return escaped(
    message
      .replace(/(in file|file:|file) ?'?[^ '"]*\.parquet'?/g, 'in the file')
      .replace(/[^ '"(]*\.parquet/g, 'the file')
      .replace(/Input value -?\d+/, 'Input value')
      .replace(/: read stage:.*$/, ''),
  )
}

function escaped(text: string): string {
  return text.replace(/[|`*_<>[\]]/g, (mark) => `\\${mark}`)
}

interface Advice {
  readonly text: string
  /** What must have been measured for the text to be true. */
  readonly holds: (kindOf: KindOf) => boolean
}

type KindOf = (reader: string, contract: string, what?: string) => Outcome['kind'] | undefined

const advices: readonly Advice[] = [
  {
    text: 'Days before 1900 or past 2300-01-01: ClickHouse refuses the whole column, also for the 9999-12-31 of `beyond: clamp`. A contract that says `null` or `text` instead lets it read the others. Instants of those years it reads.',
    holds: (of) =>
      of('clickhouse', 'date', '9999-12-31') === 'refused' &&
      of('clickhouse', 'date', '1899') === 'refused' &&
      of('clickhouse', 'date', '2300') === 'exact' &&
      of('clickhouse', 'timestamp', '9999-12-31') === 'exact' &&
      of('clickhouse', 'timestamp', '0001-01-01') === 'exact',
  },
  {
    text: 'Decimals: hyparquet and @dsnp/parquetjs make doubles of int32 and int64 ones, which have 15 digits for sure; hyparquet 1.31.5 not always the nearest (19.90 comes as 19.900000000000002). nodejs-polars gives none until they are cast to text. Where such a reader must have every digit, the column is a `string`.',
    holds: (of) =>
      of('hyparquet', 'decimal(9,2)') === 'exact' &&
      of('hyparquet-old', 'decimal(9,2)') === 'wrong' &&
      of('hyparquet', 'decimal(18,6)', 'the ends') === 'wrong' &&
      of('dsnp', 'decimal(18,6)', 'the ends') === 'wrong' &&
      of('polars', 'decimal(9,2)') === 'refused',
  },
  {
    text: 'Integers past 2^53, the microseconds of `timestampMicros` not among them before the year 2255: nodejs-polars rounds them without a word. `cast(pl.Utf8)`, or a `string` in the contract.',
    holds: (of) => of('polars', 'bigint', '9007') === 'wrong' && of('duckdb', 'bigint', '9007') === 'exact',
  },
  {
    text: 'Lists and structs that may be null: ClickHouse has no null of them, and gives an empty list, or a struct of nulls. Where null and empty differ, a boolean column beside them says which it is.',
    holds: (of) =>
      of('clickhouse', 'list of string', 'null beside') === 'wrong' &&
      of('clickhouse', 'struct', 'null beside') === 'wrong',
  },
  {
    text: 'Text that begins with U+FEFF loses it in the JavaScript clients of DuckDB and Arrow and in hyparquet; the file has it, and SQL in DuckDB sees it. A `binary` column keeps it everywhere.',
    holds: (of) =>
      ['duckdb', 'arrow', 'hyparquet'].every((id) => of(id, 'string', 'a leading') === 'wrong') &&
      of('clickhouse', 'string', 'a leading') === 'exact',
  },
  {
    text: 'parquetjs-lite reads no decimals, no timestamps of 64 bits and no dictionaries; @dsnp/parquetjs, which descends from it, reads all three.',
    holds: (of) =>
      of('parquetjs-lite', 'decimal(9,2)') === 'refused' &&
      of('parquetjs-lite', 'timestamp') === 'refused' &&
      of('parquetjs-lite', 'string', 'two values') === 'refused' &&
      of('dsnp', 'timestamp') === 'exact' &&
      of('dsnp', 'string', 'two values') === 'exact',
  },
]

function advice(measured: readonly Measured[]): string {
  const kindOf: KindOf = (reader, contract, what) => {
    const place = readers.findIndex(({ id }) => id === reader)
    return measured.find(
      (one) =>
        one.contract.startsWith(contract) &&
        (what === undefined ? one.what === undefined : (one.what?.startsWith(what) ?? false)),
    )?.outcomes[place]?.kind
  }
  for (const { text, holds } of advices) if (!holds(kindOf)) throw new Error(`no longer measured: ${text}`)
  return advices.map(({ text }) => `- ${text}`).join('\n')
}
