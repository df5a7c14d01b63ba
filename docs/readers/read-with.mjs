/*
 * Reads files with one reader of the packages in the working directory, each in a way of its own: `node read-with.mjs READER
 * FILES ANSWERS`, FILES a JSON list of paths. ANSWERS gets a line of JSON for each: its values with their kinds, or the first
 * line of the error.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const required = createRequire(join(process.cwd(), 'package.json'))
/* Of a package that only ES modules may import, which `require.resolve` does not find. */
const module = (path) => import(pathToFileURL(join(process.cwd(), 'node_modules', path)).href)

/* A JavaScript value and its kind, as JSON. */
function told(value) {
  if (value === null || value === undefined) return null
  if (value instanceof Date)
    return ['Date', Number.isNaN(value.getTime()) ? 'invalid' : String(value.getTime())]
  if (value instanceof Uint8Array) return ['bytes', Buffer.from(value).toString('hex')]
  if (Array.isArray(value)) return ['list', value.map(told)]
  if (typeof value === 'object')
    return ['struct', Object.fromEntries(Object.entries(value).map(([name, one]) => [name, told(one)]))]
  return [typeof value, Object.is(value, -0) ? '-0' : String(value)]
}

async function duckdb() {
  const api = required('@duckdb/node-api')
  const connection = await (await api.DuckDBInstance.create(':memory:')).connect()
  await connection.run("SET TimeZone = 'UTC'")
  const one = (value) => {
    if (value instanceof api.DuckDBDecimalValue) return ['decimal', value.toString()]
    if (value instanceof api.DuckDBTimestampTZValue) return ['micros', String(value.micros)]
    if (value instanceof api.DuckDBDateValue) return ['days', String(value.days)]
    if (value instanceof api.DuckDBBlobValue) return ['bytes', Buffer.from(value.bytes).toString('hex')]
    if (value instanceof api.DuckDBListValue) return ['list', value.items.map(one)]
    if (value instanceof api.DuckDBStructValue)
      return ['struct', Object.fromEntries(Object.entries(value.entries).map(([n, v]) => [n, one(v)]))]
    return told(value)
  }
  return async (path) =>
    (await connection.runAndReadAll(`SELECT v FROM read_parquet('${path}')`)).getRows().map(([v]) => one(v))
}

async function hyparquet(name) {
  const { parquetReadObjects } = await module(`${name}/src/node.js`)
  return async (path) => {
    const rows = await parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer, utf8: false })
    return rows.map(({ v }) => told(v))
  }
}

async function arrow() {
  const { readParquet } = await module('parquet-wasm/node/parquet_wasm.js')
  const { tableFromIPC, DataType } = required('apache-arrow')
  const one = (value, type) => {
    if (value === null || value === undefined) return null
    if (DataType.isDecimal(type)) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      const hex = Buffer.from(bytes).reverse().toString('hex')
      return ['unscaled', String(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)))]
    }
    if (DataType.isDate(type) || DataType.isTimestamp(type)) return ['millis', String(Number(value))]
    if (DataType.isList(type)) return ['list', [...value].map((item) => one(item, type.children[0].type))]
    if (DataType.isStruct(type))
      return [
        'struct',
        Object.fromEntries(type.children.map((field) => [field.name, one(value[field.name], field.type)])),
      ]
    return told(value)
  }
  return async (path) => {
    const column = tableFromIPC(readParquet(readFileSync(path)).intoIPCStream()).getChild('v')
    return [...column].map((value) => one(value, column.type))
  }
}

async function polars() {
  const pl = required('nodejs-polars').default ?? required('nodejs-polars')
  return async (path) =>
    pl
      .readParquet(path)
      .toRecords()
      .map(({ v }) => told(v))
}

async function clickhouse() {
  const { query } = required('chdb')
  const settings = [
    "session_timezone = 'UTC'",
    'output_format_json_quote_64bit_integers = 1',
    'output_format_json_quote_decimals = 1',
    'output_format_json_quote_denormals = 1',
    'output_format_json_named_tuples_as_objects = 1',
  ].join(', ')
  return async (path) => {
    const from = `file('${path}', Parquet)`
    const type = query(`SELECT any(toTypeName(v)) FROM ${from}`, 'TabSeparated')
    const isBytes = path.includes('binary')
    const lines = query(
      `SELECT ${isBytes ? 'hex(v), isNull(v)' : 'v'} FROM ${from} SETTINGS ${settings}`,
      'JSONCompactEachRow',
    )
    return String(lines)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [value, isNull] = JSON.parse(line)
        if (isBytes) return isNull === 1 ? null : ['bytes', String(value).toLowerCase()]
        return ofClickhouse(value, String(type))
      })
  }
}

/* Decimals and days are text in its JSON, as 64-bit integers are. */
function ofClickhouse(value, type) {
  if (typeof value === 'string' && /Decimal/.test(type)) return ['decimal', value]
  if (typeof value === 'number' && /Float/.test(type)) return told(value)
  if (Array.isArray(value)) return ['list', value.map((item) => ofClickhouse(item, type))]
  return told(value)
}

async function parquetjs(name) {
  const { ParquetReader } = required(name)
  return async (path) => {
    const reader = await ParquetReader.openFile(path)
    const cursor = reader.getCursor()
    const values = []
    for (let row = await cursor.next(); row !== null; row = await cursor.next()) values.push(told(row.v))
    await reader.close()
    return values
  }
}

const readers = {
  duckdb,
  'hyparquet-old': () => hyparquet('hyparquet-old'),
  hyparquet: () => hyparquet('hyparquet'),
  arrow,
  polars,
  clickhouse,
  'parquetjs-lite': () => parquetjs('parquetjs-lite'),
  dsnp: () => parquetjs('@dsnp/parquetjs'),
}

const [, , name, list, out] = process.argv
const read = await readers[name]()
for (const path of JSON.parse(readFileSync(list, 'utf8'))) {
  let answer
  try {
    answer = { values: await read(path) }
  } catch (error) {
    answer = { error: String(error?.message ?? error).split('\n')[0] }
  }
  appendFileSync(out, `${JSON.stringify(answer)}\n`)
}
/* An engine inside the process may keep it alive. */
process.exit(0)
