import {
  type CatalogRow,
  columnsSelect,
  isNotNull,
  type SourceColumn,
  toSourceColumn,
} from '../catalog/source-column.ts'
import { closeClient, connectSource, type Source } from '../connection/source-connection.ts'
import type { BaseType, Relation } from '../records/pgoutput-decoder.ts'

/* The stream says names, types and modifiers as of the change; what it does not say, such as
   nullability, is what the table has now. */
const RELATION_COLUMNS = columnsSelect(`
  select $1::oid as relation, m.name, coalesce(a.attnum, 0) as position, m.type_oid, m.modifier,
    coalesce(${isNotNull}, false) as not_null, false as generated, null::int as key_position,
    col_description(a.attrelid, a.attnum) as comment
  from unnest($2::text[], $3::oid[], $4::int[]) as m (name, type_oid, modifier)
  left join pg_attribute a on a.attrelid = $1::oid and a.attname = m.name and a.attnum > 0 and not a.attisdropped`)

/* PostgreSQL's own types keep their OID for ever. */
const BUILT_IN = `
  select t.typname::text as name, t.oid::text as oid
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where n.nspname = 'pg_catalog' and t.typname = any ($1::text[])`

/** PostgreSQL's `text`: the form of every type that is not its own. */
const TEXT_OID = 25

/**
 * The columns of a relation message, described with the help of the catalog on a connection of its own. A type that was
 * dropped since has the form of its base type, which the stream said before (`types`). Throws source/unreachable.
 */
export async function describeRelation(
  source: Source,
  relation: Relation,
  types: ReadonlyMap<number, BaseType> = new Map(),
): Promise<readonly SourceColumn[]> {
  const client = await connectSource(source, { applicationName: 'tidemark catalog' })
  try {
    const { rows } = await client.query<CatalogRow>(RELATION_COLUMNS, [
      relation.oid,
      relation.columns.map((column) => column.name),
      relation.columns.map((column) => column.typeOid),
      relation.columns.map((column) => column.typeModifier),
    ])
    const known = new Map(rows.map((row) => [row.name, toSourceColumn(row)]))
    const gone = relation.columns.flatMap(({ name, typeOid }) => {
      const base = types.get(typeOid)
      return known.has(name) || base?.schema !== 'pg_catalog' ? [] : base.name
    })
    const builtIn = new Map<string, number>()
    if (gone.length > 0) {
      const found = await client.query<{ name: string; oid: string }>(BUILT_IN, [gone])
      for (const { name, oid } of found.rows) builtIn.set(name, Number(oid))
    }
    return relation.columns.map((column): SourceColumn => {
      const base = types.get(column.typeOid)
      const baseOid = base?.schema === 'pg_catalog' ? builtIn.get(base.name) : undefined
      return (
        known.get(column.name) ?? {
          name: column.name,
          position: 0,
          type: base?.name ?? 'text',
          typeOid: column.typeOid,
          baseTypeOid: baseOid ?? TEXT_OID,
          typeModifier: column.typeModifier,
          kind: baseOid === undefined ? 'other' : 'domain',
          notNull: false,
          isGenerated: false,
        }
      )
    })
  } finally {
    await closeClient(client)
  }
}
