#!/usr/bin/env bash
# DuckDB and hyparquet-writer write 0 and -0 of one column as the same value: a dictionary has one entry for both.
#
# The sign of each zero becomes that of the first one of its row group. Without a dictionary both are right.
# Seen with @duckdb/node-api 1.5.6-r.1 and hyparquet-writer 0.17.0. Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --loglevel=error @duckdb/node-api@1.5.6-r.1 hyparquet-writer@0.17.0 hyparquet@1.33.0 >&2
cat > run.js <<'JS'
import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'

/* 0 and -0 by turns, often enough for a dictionary. */
const signs = async (file) => {
  const rows = await parquetReadObjects({ file: new Uint8Array(file).buffer })
  return rows.slice(0, 4).map(({ x }) => (Object.is(x, -0) ? '-0' : String(x))).join(' ')
}
const data = Array.from({ length: 1000 }, (_, row) => (row % 2 === 0 ? 0 : -0))
const hyparquet = (encoding) => parquetWriteBuffer({ columnData: [{ name: 'x', data, type: 'DOUBLE', ...encoding }] })
const connection = await (await DuckDBInstance.create(':memory:')).connect()
const duckdb = async (options) => {
  const zeros = `SELECT CASE WHEN i % 2 = 0 THEN 0::DOUBLE ELSE '-0'::DOUBLE END AS x FROM range(1000) AS t(i)`
  await connection.run(`COPY (${zeros}) TO 'zeros.parquet' (FORMAT parquet${options})`)
  return readFileSync('zeros.parquet')
}
console.log(`hyparquet-writer ${await signs(hyparquet({}))}, plain ${await signs(hyparquet({ encoding: 'PLAIN' }))}`)
console.log(`DuckDB ${await signs(await duckdb(''))}, plain ${await signs(await duckdb(', DICTIONARY_SIZE_LIMIT 0'))}`)
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
hyparquet-writer 0 0 0 0, plain 0 -0 0 -0
DuckDB 0 0 0 0, plain 0 -0 0 -0
SEEN
