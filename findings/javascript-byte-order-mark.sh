#!/usr/bin/env bash
# Three JavaScript readers drop a U+FEFF at the beginning of text: the value that comes is another one than the file's.
#
# The file has ef bb bf 61, U+FEFF and an a. The Node client of DuckDB, hyparquet and apache-arrow (over parquet-wasm) give
# `a` alone, for they decode with a TextDecoder that takes the character for a byte order mark of each value. DuckDB's SQL
# sees both characters. Two keys that differ in it are one in a program that reads them so.
# Seen with @duckdb/node-api 1.5.6-r.1, hyparquet 1.33.0, apache-arrow 21.2.0. Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --loglevel=error @duckdb/node-api@1.5.6-r.1 hyparquet@1.33.0 parquet-wasm@0.8.0 \
  apache-arrow@21.2.0 >&2
cat > run.js <<'JS'
import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { readParquet } from 'parquet-wasm'

const connection = await (await DuckDBInstance.create(':memory:')).connect()
await connection.run(`COPY (SELECT chr(65279) || 'a' AS x) TO 'mark.parquet' (FORMAT parquet)`)
const file = readFileSync('mark.parquet')
const [[sql, client]] = (
  await connection.runAndReadAll(`SELECT length(x), x FROM read_parquet('mark.parquet')`)
).getRowsJson()
const [{ x }] = await parquetReadObjects({ file: new Uint8Array(file).buffer })
const arrow = tableFromIPC(readParquet(file).intoIPCStream()).getChild('x').get(0)
console.log(`SQL ${sql}, DuckDB's client ${client.length}, hyparquet ${x.length}, apache-arrow ${arrow.length}`)
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
SQL 2, DuckDB's client 1, hyparquet 1, apache-arrow 1
SEEN
