import type { ClientBase } from 'pg'
import * as z from 'zod'
import { groupBy } from '../../../core/group-by.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { carriedColumns, readRelations } from './identity-facts.ts'
import { readMembership } from './publication-membership.ts'
import type { TableLook } from './table-look.ts'

/** The source as it is now. */
export interface SourceLook {
  /** By OID; a table that is gone has none. */
  readonly tables: ReadonlyMap<number, TableLook>
  /** OIDs of the tables that have one of the names asked for, by `schema.name`. */
  readonly holders: ReadonlyMap<string, number>
}

const RELATIONS = `
  select c.oid::text, n.nspname::text as schema, c.relname::text as name, c.relnamespace::text as namespace,
    c.relpersistence::text as persistence, c.relkind::text as kind,
    pg_catalog.row_security_active(c.oid)::text as hides_rows
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.oid = any ($1::oid[])`

const HOLDERS = `
  select n.nspname::text as schema, c.relname::text as name, c.oid::text
  from unnest($1::text[], $2::text[]) as asked (schema, name)
  join pg_catalog.pg_namespace n on n.nspname = asked.schema
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = asked.name and c.relkind in ('r', 'p')`

/*
 * Without locks, which pg_partition_tree takes. Attaching a table updates each of its columns, so one that has a column as
 * old as the table was made where it is.
 */
const PARTITIONS = `
  with recursive tree as (
    select i.inhparent as root, i.inhrelid as oid, i.xmin::text as link
    from pg_catalog.pg_class r join pg_catalog.pg_inherits i on i.inhparent = r.oid
    where r.oid = any ($1::oid[]) and r.relkind = 'p'
    union all
    select t.root, i.inhrelid, i.xmin::text from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid
    join pg_catalog.pg_class p on p.oid = t.oid and p.relkind = 'p'
  )
  select t.root::text, c.oid::text, t.link, n.nspname::text as schema, c.relname::text as name,
    c.relpersistence::text as persistence, c.relkind::text as kind,
    pg_catalog.pg_relation_filenode(c.oid)::text as store, (c.relpages = 0 and c.reltuples <= 0)::text as is_empty,
    exists (select from pg_catalog.pg_attribute made join pg_catalog.pg_attribute a on a.attrelid = made.attrelid
      where made.attrelid = c.oid and made.attnum = -6 and a.attnum > 0 and not a.attislocal
        and a.xmin = made.xmin and a.cmin = made.cmin)::text as is_born
  from tree t join pg_catalog.pg_class c on c.oid = t.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace`

const COLUMNS = `
  select a.attrelid::text as relation, a.attnum::text as number, a.attname::text as name,
    a.atttypid::text || ':' || a.atttypmod::text as type, (a.atthasdef or a.atthasmissing or a.attidentity <> '' or t.typdefault is not null)::text as has_default
  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
  where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`

/* PostgreSQL's own types, below 10000, never change. */
const TYPES = `
  with recursive reached as (
    select a.attrelid as relation, a.atttypid as oid from pg_catalog.pg_attribute a
    where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped and a.atttypid >= 10000
    union
    select r.relation, part.oid from reached r join pg_catalog.pg_type t on t.oid = r.oid
    cross join lateral (
      select t.typbasetype as oid where t.typtype = 'd'
      union all select t.typelem where t.typelem <> 0
      union all select g.rngsubtype from pg_catalog.pg_range g where g.rngtypid = t.oid
      union all select a.atttypid from pg_catalog.pg_attribute a
        where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) part where part.oid >= 10000
  )
  select r.relation::text, t.oid::text,
    case when t.typtype = 'd' then t.typbasetype::text || ':' || t.typtypmod::text end as base,
    case when t.typtype = 'e' then coalesce((select json_object_agg(e.oid, e.enumlabel)
      from pg_catalog.pg_enum e where e.enumtypid = t.oid), '{}')::text end as labels,
    case when t.typtype = 'c' then (select string_agg(concat_ws(':', a.attnum, a.attname, a.atttypid, a.atttypmod), ',' order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end as attributes
  from reached r join pg_catalog.pg_type t on t.oid = r.oid`

interface RelationRow {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly namespace: string
  readonly persistence: string
  readonly kind: string
  readonly hides_rows: string
}

interface PartitionRow extends Omit<RelationRow, 'namespace' | 'hides_rows'> {
  readonly root: string
  readonly link: string
  readonly is_born: string
  readonly store: string | null
  readonly is_empty: string
}

interface ColumnRow {
  readonly relation: string
  readonly number: string
  readonly name: string
  readonly type: string
  readonly has_default: string
}

interface TypeRow {
  readonly relation: string
  readonly oid: string
  readonly base: string | null
  readonly labels: string | null
  readonly attributes: string | null
}

/** Looks at tables by OID, and at who has their names now. Takes no lock on them and changes nothing. */
export async function lookAtSource(
  client: ClientBase,
  publication: string,
  asked: readonly { readonly oid: number; readonly schema: string; readonly name: string }[],
): Promise<SourceLook> {
  const oids = [...new Set(asked.map(({ oid }) => oid))]
  const relations = (await client.query<RelationRow>(RELATIONS, [oids])).rows
  const partitions = (await client.query<PartitionRow>(PARTITIONS, [oids])).rows
  const identityOf = await readCarried(client, [...relations, ...partitions])
  const columns = (await client.query<ColumnRow>(COLUMNS, [oids])).rows
  const types = (await client.query<TypeRow>(TYPES, [oids])).rows
  const published = await readMembership(client, publication)
  const holders = (
    await client.query<{ schema: string; name: string; oid: string }>(HOLDERS, [
      asked.map(({ schema }) => schema),
      asked.map(({ name }) => name),
    ])
  ).rows
  const [partitionsOf, columnsOf, typesOf] = [
    groupBy(partitions, ({ root }) => root),
    groupBy(columns, ({ relation }) => relation),
    groupBy(types, ({ relation }) => relation),
  ]
  const partitionLooks = (rows: readonly PartitionRow[]) =>
    rows.flatMap((leaf) => {
      const identity = identityOf(leaf)
      return identity === undefined ? [] : [[leaf.oid, { ...identity, ...toPartition(leaf) }] as const]
    })
  const looks = relations.flatMap((row) => {
    const own = identityOf(row)
    if (own === undefined) return []
    const look: TableLook = {
      schema: row.schema,
      name: row.name,
      own,
      hidesRows: row.hides_rows === 'true',
      partitions: Object.fromEntries(partitionLooks(partitionsOf.get(row.oid) ?? [])),
      columns: Object.fromEntries((columnsOf.get(row.oid) ?? []).map(toColumn)),
      types: Object.fromEntries((typesOf.get(row.oid) ?? []).map(toType)),
      publication: published(row),
    }
    return [[Number(row.oid), look] as const]
  })
  return {
    tables: new Map(looks),
    holders: new Map(holders.map((row) => [sourceTableName(row), Number(row.oid)])),
  }
}

/* What a relation's changes carry of the old row; undefined of one that went between two queries. */
async function readCarried(client: ClientBase, rows: readonly (RelationRow | PartitionRow)[]) {
  const relations = await readRelations(
    client,
    rows.map(({ oid }) => Number(oid)),
  )
  const columnsOf = new Map(
    relations.map((relation) => [relation.oid, { columns: carriedColumns(relation) ?? null }]),
  )
  return ({ oid, persistence, kind }: RelationRow | PartitionRow): TableLook['own'] | undefined => {
    const carried = columnsOf.get(Number(oid))
    if (carried === undefined) return undefined
    return { columns: carried.columns === null ? null : [...carried.columns], persistence, kind }
  }
}

function toPartition(leaf: PartitionRow) {
  return {
    name: sourceTableName(leaf),
    link: leaf.link,
    isBorn: leaf.is_born === 'true',
    store: leaf.store,
    isEmpty: leaf.is_empty === 'true',
  }
}

function toColumn({ number, name, type, has_default }: ColumnRow) {
  return [number, { name, type, hasDefault: has_default === 'true' }] as const
}

function toType({ oid, base, labels, attributes }: TypeRow) {
  return [oid, { base, labels: labels === null ? null : labelsOf(labels), attributes }] as const
}

function labelsOf(json: string): Record<string, string> {
  return z.record(z.string(), z.string()).parse(JSON.parse(json))
}
