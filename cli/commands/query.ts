import { Command, Option } from 'commander'
import { plural } from '../../core/amount-text.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { type JsonValue, stringifyJson } from '../../core/json.ts'
import type { QueryResult } from '../../engine/duckdb/lake-session.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { storedEntries } from '../../local/state/state-file.ts'
import { endWithParent, runBounded } from '../terminal/bounded-process.ts'
import type { Cli } from '../terminal/cli.ts'
import { alignedTable, drained, type Output } from '../terminal/output.ts'
import { dirOption, durationOption } from '../terminal/run-options.ts'
import { visible } from '../terminal/visible-text.ts'

interface QueryOptions {
  readonly dir: string
  readonly json?: boolean
  readonly csv?: boolean
  readonly tables?: boolean
  readonly timeout: number
  readonly bounded?: boolean
}

/* The engine's 1 GB, what it does not count, and the values that are being printed. */
const PROCESS_BYTES = 3 * 1024 ** 3

/* A table on a screen needs all rows to align; longer results belong in --csv or --json. */
const MAX_TABLE_ROWS = 1_000

export function queryCommand({ output }: Cli): Command {
  return new Command('query')
    .description(
      'Run one SELECT on the lake, also while the pipeline runs. Without an argument, SQL is read from standard input.',
    )
    .argument('[sql]', 'DuckDB SQL; tables are <domain>.<table> and <domain>.<table>_history')
    .addOption(dirOption())
    .option('--json', 'a JSON array, one row per line; 64-bit integers and decimals keep all digits')
    .addHelpText(
      'after',
      "\n  tidemark query --tables\n  tidemark query 'select count(*) from workforce.shifts' --json",
    )
    .option('--csv', 'comma-separated (RFC 4180); null is empty, an empty string is ""')
    .option('--tables', 'list tables and columns instead')
    .addOption(durationOption('--timeout <duration>', 'time limit of the query', 300_000, '5m'))
    .addOption(new Option('--bounded', 'answer here: another process watches this one').hideHelp())
    .action(async (sql: string | undefined, options: QueryOptions) => {
      const text = options.tables === true ? COLUMNS : (sql ?? (await readInput()))
      if (options.bounded === true) return await ask(output, text, options)
      const { dir, json = false, csv = false, timeout: timeoutMs } = options
      const form = [json ? ['--json'] : [], csv ? ['--csv'] : []].flat()
      const args = ['query', '--bounded', '--dir', dir, ...form]
      process.exitCode = await runBounded(args, text, { timeoutMs, memoryBytes: PROCESS_BYTES })
    })
}

/* In the process that is watched. */
async function ask(output: Output, text: string, { dir, json, csv }: QueryOptions): Promise<void> {
  endWithParent()
  const entries = await storedEntries(runFolder(dir))
  if (entries.length === 0) throw new PipelineError('run/not-found', `no lake in ${dir}`)
  const { LakeSession } = await import('../../engine/duckdb/lake-session.ts')
  const session = await LakeSession.open({ folder: dir, entries })
  try {
    const result = await session.query(text)
    if (json === true) await printJson(output, result)
    else if (csv === true) await printCsv(output, result)
    else await printTable(output, result)
  } finally {
    session.close()
  }
}

const COLUMNS = `SELECT table_schema || '.' || table_name AS "table", column_name AS "column", data_type AS "type"
  FROM information_schema.columns WHERE table_schema NOT IN ('main', 'pg_catalog', 'information_schema')
  ORDER BY table_schema, table_name, ordinal_position`

async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new PipelineError('usage/invalid', 'no SQL: tidemark query "select …"')
  const parts: Buffer[] = []
  for await (const part of process.stdin) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

async function printJson(output: Output, { columns, batches }: QueryResult): Promise<void> {
  const names = columns.map(({ name }) => JSON.stringify(name))
  let held: string | undefined
  output.result('[')
  for await (const rows of batches) {
    for (const row of rows) {
      if (held !== undefined) output.result(`${held},`)
      held = `{${row.map((value, index) => `${names[index]}:${stringifyJson(value)}`).join(',')}}`
    }
    await drained()
  }
  output.result(held === undefined ? ']' : `${held}\n]`)
}

async function printCsv(output: Output, { columns, batches }: QueryResult): Promise<void> {
  output.result(columns.map(({ name }) => csvField(name)).join(','))
  for await (const rows of batches) {
    for (const row of rows) output.result(row.map(csvField).join(','))
    await drained()
  }
}

function csvField(value: JsonValue): string {
  if (value === null) return ''
  const text = cell(value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

async function printTable(output: Output, { columns, batches }: QueryResult): Promise<void> {
  const cells: string[][] = []
  let rowCount = 0
  for await (const rows of batches) {
    for (const row of rows) {
      rowCount += 1
      if (rowCount <= MAX_TABLE_ROWS) cells.push(row.map((value) => shortened(cell(value))))
    }
  }
  output.result(
    alignedTable(
      columns.map(({ name }) => visible(name)),
      cells,
    ),
  )
  if (rowCount > MAX_TABLE_ROWS)
    output.progress(
      `${plural(rowCount, 'row')}, the first ${MAX_TABLE_ROWS} shown; all of them with --csv or --json`,
    )
  else output.progress(plural(rowCount, 'row'))
}

function cell(value: JsonValue): string {
  if (value === null) return 'NULL'
  return typeof value === 'string' ? value : stringifyJson(value)
}

function shortened(text: string): string {
  const line = visible(text.replaceAll('\n', '⏎'))
  return line.length > 80 ? `${line.slice(0, 79)}…` : line
}
