import type { ClientBase } from 'pg'
import { groupBy } from '../../../core/group-by.ts'
import { parseNames } from './source-column.ts'

/** How a relation tells which row an update or a delete is of. */
export type ReplicaIdentity = 'default' | 'full' | 'index' | 'nothing'

/** A unique index, as far as it matters for a replica identity. */
export interface UniqueIndex {
  readonly name: string
  /** Columns of its key, without included ones; expressions are none. */
  readonly columns: readonly string[]
  readonly isPrimary: boolean
  /** The one of REPLICA IDENTITY USING INDEX. */
  readonly isIdentity: boolean
  /** False of a deferrable constraint: duplicates may stand until the end of the statement, or of the transaction. */
  readonly isImmediate: boolean
  readonly isValid: boolean
  /** Neither partial nor over an expression. */
  readonly isWhole: boolean
  /** The constraint that it serves. */
  readonly constraint: string | undefined
}

/** What the catalog says of one relation: a table, the root of a partitioned one, or a partition that holds rows. */
export interface RelationIdentity {
  readonly schema: string
  readonly name: string
  readonly oid: number
  readonly kind: 'table' | 'partitioned' | 'foreign'
  /** Unlogged and foreign relations write nothing to the log. */
  readonly isLogged: boolean
  readonly isPartition: boolean
  readonly identity: ReplicaIdentity
  readonly indexes: readonly UniqueIndex[]
  readonly notNull: readonly string[]
  /** Generated columns, stored and virtual. */
  readonly generated: readonly string[]
  /** Those of them that are virtual, from PostgreSQL 18 on: no publication has them. */
  readonly virtual: readonly string[]
  /** Of a partitioned table: columns of its partition key; undefined when that has an expression. */
  readonly partitionKey: readonly string[] | undefined
}

interface RelationRow {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly logged: string
  readonly partition: string
  readonly identity: string
  readonly indexes: string
  readonly not_null: string
  readonly generated: string
  readonly virtual: string
  readonly partition_key: string | null
}

export const IDENTITIES: Readonly<Record<string, ReplicaIdentity>> = {
  d: 'default',
  f: 'full',
  i: 'index',
  n: 'nothing',
}

/*
 * Rows are in the leaves, and each leaf has an identity of its own: ALTER TABLE of the root does not reach it. Without
 * locks, which pg_partition_tree takes.
 */
const LEAVES = `
  with recursive tree as (
    select c.oid as root, c.oid, c.relkind from pg_catalog.pg_class c where c.oid = any ($1::oid[])
    union all
    select t.root, c.oid, c.relkind from tree t join pg_catalog.pg_inherits i on i.inhparent = t.oid
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where t.relkind = 'p'
  )
  select root::text, oid::text from tree where oid = root or relkind <> 'p'`

const RELATIONS = `
  select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name,
    c.relkind::text as kind, (c.relpersistence = 'p' and c.relkind <> 'f')::text as logged,
    c.relispartition::text as partition, c.relreplident::text as identity,
    (select coalesce(json_agg(json_build_object('name', ic.relname, 'primary', i.indisprimary,
        'identity', i.indisreplident, 'immediate', i.indimmediate, 'valid', i.indisvalid,
        'whole', i.indpred is null and i.indexprs is null, 'constraint', k.conname,
        'columns', (select coalesce(json_agg(a.attname order by s.place), '[]')
          from generate_series(0, i.indnkeyatts - 1) as s (place)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[s.place]))
        order by i.indisprimary desc, ic.relname), '[]')
      from pg_index i join pg_class ic on ic.oid = i.indexrelid
      left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') and k.conrelid = c.oid
      where i.indrelid = c.oid and i.indisunique and i.indislive)::text as indexes,
    (select coalesce(json_agg(a.attname), '[]') from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull)::text as not_null,
    (select coalesce(json_agg(a.attname), '[]') from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated <> '')::text as generated,
    (select coalesce(json_agg(a.attname), '[]') from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = 'v')::text as virtual,
    (select json_agg(a.attname order by s.place)
      from pg_partitioned_table t cross join generate_series(0, t.partnatts - 1) as s (place)
      join pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[s.place]
      where t.partrelid = c.oid and t.partexprs is null)::text as partition_key
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.oid = any ($1::oid[])
  order by n.nspname, c.relname`

/**
 * What the catalog says of tables and of all that hold their rows, by the table's OID: the table itself first, then, of a
 * partitioned one, every leaf of every level.
 */
export async function readIdentities(
  client: ClientBase,
  oids: readonly number[],
): Promise<ReadonlyMap<number, readonly RelationIdentity[]>> {
  const { rows } = await client.query<{ root: string; oid: string }>(LEAVES, [oids])
  const leaves = groupBy(rows, ({ root }) => Number(root))
  const relations = await readRelations(
    client,
    rows.map(({ oid }) => Number(oid)),
  )
  const found = new Map(relations.map((relation, place) => [relation.oid, { relation, place }]))
  return new Map(
    [...leaves].map(([root, parts]) => {
      const own = parts.flatMap(({ oid }) => found.get(Number(oid)) ?? [])
      const rank = (one: (typeof own)[number]) => (one.relation.oid === root ? -1 : one.place)
      const sorted = own.toSorted((left, right) => rank(left) - rank(right))
      return [root, sorted.map(({ relation }) => relation)]
    }),
  )
}

/** What the catalog says of relations by themselves, by schema and name. */
export async function readRelations(
  client: ClientBase,
  oids: readonly number[],
): Promise<readonly RelationIdentity[]> {
  return (await client.query<RelationRow>(RELATIONS, [[...new Set(oids)]])).rows.map(toRelation)
}

/** Columns that updates and deletes of a relation carry of the old row; undefined for all of them. */
export function carriedColumns(relation: RelationIdentity): readonly string[] | undefined {
  return relation.identity === 'full' ? undefined : (replicaIndex(relation)?.columns ?? [])
}

/** What PostgreSQL takes as replica identity (RelationGetReplicaIndex): a deferrable or invalid index is none. */
export function replicaIndex({ identity, indexes }: RelationIdentity): UniqueIndex | undefined {
  switch (identity) {
    case 'default':
      return indexes.find((index) => index.isPrimary && isHeldAtOnce(index))
    case 'index':
      return indexes.find((index) => index.isIdentity && isHeldAtOnce(index))
    case 'full':
    case 'nothing':
      return undefined
  }
}

/** Whether an index lets no two rows share a key, at any moment. */
export function isHeldAtOnce({ isImmediate, isValid, isWhole }: UniqueIndex): boolean {
  return isImmediate && isValid && isWhole
}

function toRelation(row: RelationRow): RelationIdentity {
  const { schema, name } = row
  return {
    schema,
    name,
    oid: Number(row.oid),
    kind: row.kind === 'p' ? 'partitioned' : row.kind === 'f' ? 'foreign' : 'table',
    isLogged: row.logged === 'true',
    isPartition: row.partition === 'true',
    identity: IDENTITIES[row.identity] ?? 'nothing',
    indexes: parseIndexes(row.indexes),
    notNull: parseNames(row.not_null),
    generated: parseNames(row.generated),
    virtual: parseNames(row.virtual),
    partitionKey: row.partition_key === null ? undefined : parseNames(row.partition_key),
  }
}

interface IndexJson {
  readonly name: string
  readonly columns: readonly string[]
  readonly primary: boolean
  readonly identity: boolean
  readonly immediate: boolean
  readonly valid: boolean
  readonly whole: boolean
  readonly constraint: string | null
}

function parseIndexes(json: string): readonly UniqueIndex[] {
  /* Built by the query above. */
  const indexes = JSON.parse(json) as readonly IndexJson[]
  return indexes.map((index) => ({
    name: index.name,
    columns: index.columns,
    constraint: index.constraint ?? undefined,
    isPrimary: index.primary,
    isIdentity: index.identity,
    isImmediate: index.immediate,
    isValid: index.valid,
    isWhole: index.whole,
  }))
}
