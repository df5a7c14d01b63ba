#!/usr/bin/env bash
# DuckDB gives a DOUBLE column back with another sign from a window that is partitioned by it.
#
# 0 and -0 are one partition, and every row of it has the zero of one of them: the row that QUALIFY picks is one that the
# table does not have. Partitioned by an expression of the column, the column is as it was.
# Seen with @duckdb/node-api 1.5.6-r.1. Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --no-audit --no-fund --loglevel=error @duckdb/node-api@1.5.6-r.1 >&2
cat > run.js <<'JS'
import { DuckDBInstance } from '@duckdb/node-api'

const connection = await (await DuckDBInstance.create(':memory:')).connect()
await connection.run("CREATE TABLE t AS SELECT * FROM (VALUES (0::DOUBLE, 1), ('-0'::DOUBLE, 2)) AS v (k, n)")
const rows = async (sql) => {
  const found = (await connection.runAndReadAll(sql)).getRows()
  return found.map(([k, n]) => `${Object.is(k, -0) ? '-0' : k} ${n}`).join(', ')
}
const number = (by) => `row_number() OVER (PARTITION BY ${by} ORDER BY n DESC)`
console.log(`table: ${await rows('SELECT k, n FROM t ORDER BY n')}`)
console.log(`partitioned: ${await rows(`SELECT k, n, ${number('k')} FROM t ORDER BY n`)}`)
console.log(`picked: ${await rows(`SELECT k, n FROM t QUALIFY ${number('k')} = 1`)}`)
console.log(`by an expression: ${await rows(`SELECT k, n, ${number('k + 0')} FROM t ORDER BY n`)}`)
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
table: 0 1, -0 2
partitioned: 0 1, 0 2
picked: 0 2
by an expression: 0 1, -0 2
SEEN
