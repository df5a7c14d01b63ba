#!/usr/bin/env bash
# DuckDB answers a comparison of floats from the bounds in a Parquet footer, which say nothing of NaN.
#
# parquet.thrift: NaN is not written to min and max, and readers must not take bounds for a sign that there is none. Writers
# that leave NaN out of the bounds (hyparquet-writer here, Arrow in C++ and Rust too) make DuckDB say `NaN < 5` is true,
# though NaN is its greatest float, and leave the row out of `>= 5`. Without the optimizers that read bounds it is right.
# Seen with @duckdb/node-api 1.5.6-r.1 and hyparquet-writer 0.17.0; known as duckdb/duckdb issue 25521.
# Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --loglevel=error @duckdb/node-api@1.5.6-r.1 hyparquet-writer@0.17.0 >&2
cat > run.js <<'JS'
import { writeFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetWriteBuffer } from 'hyparquet-writer'

const columnData = [{ name: 'x', data: [0.5, 2, NaN], type: 'DOUBLE' }]
writeFileSync('nan.parquet', Buffer.from(parquetWriteBuffer({ columnData })))
const connection = await (await DuckDBInstance.create(':memory:')).connect()
const rows = async (sql) => JSON.stringify((await connection.runAndReadAll(sql)).getRowsJson())
for (const setting of ['', 'statistics_propagation,filter_pushdown']) {
  await connection.run(`SET disabled_optimizers = '${setting}'`)
  console.log(await rows(`SELECT x FROM 'nan.parquet' WHERE x < 5`), await rows(`SELECT x FROM 'nan.parquet' WHERE x >= 5`))
}
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
[[0.5],[2],["NaN"]] []
[[0.5],[2]] [["NaN"]]
SEEN
