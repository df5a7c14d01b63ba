#!/usr/bin/env bash
# DuckDB reads decimals of more than 38 digits as doubles, and wrong ones where their bytes are no multiple of eight.
#
# 0.01 and 1.50 as DECIMAL(40,2) in 17 bytes, the least that hold 40 digits, come as 720575940379279.4 and
# 108086391056891900; the same digits as DECIMAL(57,2) in 24 bytes come right. No error, no warning.
# Seen with @duckdb/node-api 1.5.6-r.1, the file by hyparquet-writer 0.17.0; a fix is proposed as duckdb/duckdb pull
# request 25058. Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --loglevel=error @duckdb/node-api@1.5.6-r.1 hyparquet-writer@0.17.0 hyparquet@1.33.0 >&2
cat > run.js <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'

const connection = await (await DuckDBInstance.create(':memory:')).connect()
for (const [precision, bytes] of [[40, 17], [57, 24]]) {
  const decimal = { converted_type: 'DECIMAL', precision, scale: 2 }
  const schema = [
    { name: 'root', num_children: 1 },
    { name: 'x', type: 'FIXED_LEN_BYTE_ARRAY', type_length: bytes, repetition_type: 'REQUIRED', ...decimal },
  ]
  const columnData = [{ name: 'x', data: [1n, 150n] }]
  writeFileSync('wide.parquet', Buffer.from(parquetWriteBuffer({ schema, columnData })))
  const found = (await connection.runAndReadAll(`SELECT x FROM read_parquet('wide.parquet')`)).getRowsJson().flat()
  const other = await parquetReadObjects({ file: new Uint8Array(readFileSync('wide.parquet')).buffer })
  console.log(`DECIMAL(${precision},2): DuckDB ${found.join(' ')}, hyparquet ${other.map(({ x }) => x).join(' ')}`)
}
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
DECIMAL(40,2): DuckDB 720575940379279.4 108086391056891900, hyparquet 0.01 1.5
DECIMAL(57,2): DuckDB 0.01 1.5, hyparquet 0.01 1.5
SEEN
