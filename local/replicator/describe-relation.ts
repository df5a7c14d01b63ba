import type { Relation } from './pgoutput-decoder.ts'
import { type CatalogRow, columnsSelect, type SourceColumn, toSourceColumn } from './source-column.ts'
import { closeClient, connectSource, type Source } from './source-connection.ts'

/* The stream says names, types and modifiers as of the change; what it does not say, such as
   nullability, is what the table has now. */
const RELATION_COLUMNS = columnsSelect(`
  select $1::oid as relation, m.name, m.position, m.type_oid, m.modifier,
    coalesce(a.attnotnull, false) as not_null, false as generated, null::int as key_position,
    col_description(a.attrelid, a.attnum) as comment
  from unnest($2::text[], $3::oid[], $4::int[]) with ordinality as m (name, type_oid, modifier, position)
  left join pg_attribute a on a.attrelid = $1::oid and a.attname = m.name and a.attnum > 0 and not a.attisdropped`)

/** PostgreSQL's `text`: the form that a type which no longer exists is given. */
const TEXT_OID = 25

/**
 * The columns of a relation message, described with the help of the catalog on a connection of its
 * own. A type that was dropped since is a string. Throws source/unreachable.
 */
export async function describeRelation(source: Source, relation: Relation): Promise<readonly SourceColumn[]> {
  const client = await connectSource(source, { applicationName: 'tidemark catalog' })
  try {
    const { rows } = await client.query<CatalogRow>(RELATION_COLUMNS, [
      relation.oid,
      relation.columns.map((column) => column.name),
      relation.columns.map((column) => column.typeOid),
      relation.columns.map((column) => column.typeModifier),
    ])
    const known = new Map(rows.map((row) => [row.name, toSourceColumn(row)]))
    return relation.columns.map(
      (column, index): SourceColumn =>
        known.get(column.name) ?? {
          name: column.name,
          position: index + 1,
          type: 'text',
          typeOid: column.typeOid,
          baseTypeOid: TEXT_OID,
          typeModifier: column.typeModifier,
          kind: 'other',
          notNull: false,
          isGenerated: false,
        },
    )
  } finally {
    await closeClient(client)
  }
}
