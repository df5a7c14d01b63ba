import pg from 'pg'
import { caseName, type TypeCase } from './type-case.ts'

/** The ways of a value, and the hundreds of the ids of their rows. */
export const paths = { load: 1, insert: 2, update: 3, unchanged: 4 } as const
export type Path = keyof typeof paths

/** One value of a case: NULL first, then the values, the refused ones, the large one. */
export interface CaseValue {
  readonly sql: string
  readonly kind: 'value' | 'refused' | 'large'
}

export function valuesOf({ values, refused = [], large }: TypeCase): readonly CaseValue[] {
  return [
    { sql: 'NULL', kind: 'value' },
    ...values.map((sql): CaseValue => ({ sql, kind: 'value' })),
    ...refused.map(({ sql }): CaseValue => ({ sql, kind: 'refused' })),
    ...(large === undefined ? [] : [{ sql: large, kind: 'large' as const }]),
  ]
}

export function idOf(path: Path, index: number): number {
  return paths[path] * 100 + index
}

/* Instants without an offset are written in a zone with summer time. */
const writerSettings = "SET timezone = 'America/New_York'"

/** Whatever the database has as its defaults, the lake must not depend on it. */
export const oddDefaults = `
  ALTER DATABASE matrix SET timezone = 'Asia/Kathmandu';
  ALTER DATABASE matrix SET datestyle = 'SQL, DMY';
  ALTER DATABASE matrix SET intervalstyle = 'iso_8601';
  ALTER DATABASE matrix SET extra_float_digits = -5;
  ALTER DATABASE matrix SET bytea_output = 'escape'`

export async function openWriter(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  await client.connect()
  await client.query(writerSettings)
  return client
}

/** Makes the tables of a case and the rows that a full load will read; its keys once more where nothing changes them. */
export async function writeLoad(client: pg.Client, given: TypeCase, index: number): Promise<void> {
  const { type, setup = '', large } = given
  const name = caseName(index, given)
  const external = large === undefined ? '' : `ALTER TABLE kinds.${name} ALTER v SET STORAGE EXTERNAL;`
  await client.query(
    `${setup}${setup === '' ? '' : ';'}
     CREATE TABLE kinds.${name} (id integer PRIMARY KEY, v ${type}, filler integer NOT NULL DEFAULT 0); ${external}`,
  )
  const rows = valuesOf(given).flatMap(({ sql, kind }, place) => {
    const update = `(${idOf('update', place)}, NULL::${type})`
    /* What only exists later cannot be loaded. */
    if (kind === 'refused' && given.later !== undefined) return [update]
    const cast = `(${sql})::${type}`
    return [`(${idOf('load', place)}, ${cast})`, update, `(${idOf('unchanged', place)}, ${cast})`]
  })
  await client.query(`INSERT INTO kinds.${name} (id, v) VALUES ${rows.join(', ')}`)
  if (given.key === undefined) return
  await client.query(`CREATE TABLE keys.${name} (v ${type} PRIMARY KEY, n integer NOT NULL DEFAULT 0)`)
  await client.query(`INSERT INTO keys.${name} (v) VALUES ${keySql(given)}`)
  const numbered = keyValues(given).map((sql, place) => `(${place + 100}, (${sql})::${type})`)
  await client.query(
    `CREATE TABLE truth.${name} (id integer, v ${type}); INSERT INTO truth.${name} VALUES ${numbered.join(', ')}`,
  )
}

/** The values of the key table: those that its contract must hold. */
export function keyValues({ values, keyValues: chosen }: TypeCase): readonly string[] {
  return chosen ?? values
}

function keySql(given: TypeCase): string {
  return keyValues(given)
    .map((sql) => `((${sql})::${given.type})`)
    .join(', ')
}

/** The changes after the load: what a stream brings of the same values. */
export async function writeChanges(client: pg.Client, given: TypeCase, index: number): Promise<void> {
  const { type, later } = given
  const table = `kinds.${caseName(index, given)}`
  if (later !== undefined) await client.query(later)
  const statements = valuesOf(given).flatMap(({ sql }, place) => [
    `INSERT INTO ${table} (id, v) VALUES (${idOf('insert', place)}, (${sql})::${type})`,
    `UPDATE ${table} SET v = (${sql})::${type} WHERE id = ${idOf('update', place)}`,
    `UPDATE ${table} SET filler = filler + 1 WHERE id = ${idOf('unchanged', place)}`,
  ])
  if (given.key !== undefined) statements.push(...keyChanges(given, `keys.${caseName(index, given)}`))
  await client.query(statements.join('; '))
}

/* Every key is updated, deleted and inserted again; then the first becomes the last. */
function keyChanges(given: TypeCase, table: string): readonly string[] {
  const all = keyValues(given)
  const of = (sql: string | undefined) => `(${sql})::${given.type}`
  return [
    `UPDATE ${table} SET n = 1`,
    `DELETE FROM ${table}`,
    `INSERT INTO ${table} (v) VALUES ${keySql(given)}`,
    `DELETE FROM ${table} WHERE v = ${of(all.at(-1))}`,
    `UPDATE ${table} SET v = ${of(all.at(-1))} WHERE v = ${of(all[0])}`,
  ]
}
