import type pg from 'pg'
import { type LakeColumn, lakeColumns } from '../../../core/contract/language/lake-columns.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { splitTableName } from '../../../core/source-table-name.ts'
import { tableGone } from '../../postgres/connection/reading-failure.ts'

/** The type of a source column, domains followed to their base; a type that is not PostgreSQL's own has no name here. */
export interface SourceType {
  readonly name: string
  /** Number that says precision and scale; -1 for none or unknown. */
  readonly modifier: number
  /** Of an array. */
  readonly element?: { readonly name: string; readonly isComposite: boolean } | undefined
}

/** A source table as it is in the snapshot that is compared. */
export interface SourceLayout {
  readonly columns: ReadonlyMap<string, SourceType>
  readonly isPartitioned: boolean
  /** Whether the server's own functions see the bytes that the lake has. */
  readonly isUtf8: boolean
}

interface LayoutRow {
  readonly kind: string
  readonly column: string
  readonly type: string
  readonly modifier: string
  readonly element: string | null
  readonly composite: string | null
  readonly encoding: string
}

const LAYOUT = `
  select c.relkind::text as kind, a.attname::text as column, b.name as type, a.atttypmod::text as modifier,
    case when e.typtype = 'd' then '' else e.name end as element, (e.typtype = 'c')::text as composite,
    pg_encoding_to_char(d.encoding)::text as encoding
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_database d on d.datname = current_database()
  join lateral (
    with recursive based as (
      select t.* from pg_type t where t.oid = a.atttypid
      union all select t.* from based join pg_type t on t.oid = based.typbasetype where based.typtype = 'd')
    select typelem, typcategory, typlen,
      case when typnamespace = 'pg_catalog'::regnamespace then typname::text else '' end as name
    from based where typtype <> 'd') b on true
  left join lateral (select t.typtype,
      case when t.typnamespace = 'pg_catalog'::regnamespace then t.typname::text else '' end as name
    from pg_type t where t.oid = b.typelem and b.typcategory = 'A' and b.typlen = -1) e on true
  where n.nspname = $1 and c.relname = $2`

/** Reads the layout of a table. Throws `source/table-gone`. */
export async function readLayout(client: pg.Client, sourceTable: string): Promise<SourceLayout> {
  const table = splitTableName(sourceTable)
  const { rows } = await client.query<LayoutRow>(LAYOUT, [table.schema, table.name])
  const [first] = rows
  if (first === undefined) throw tableGone(table)
  return {
    columns: new Map(rows.map((row) => [row.column, typeOf(row)])),
    isPartitioned: first.kind === 'p',
    isUtf8: first.encoding === 'UTF8',
  }
}

function typeOf({ type, modifier, element, composite }: LayoutRow): SourceType {
  const known = { name: type, modifier: Number(modifier) }
  return element === null
    ? known
    : { ...known, element: { name: element, isComposite: composite === 'true' } }
}

/** The lake columns that the source still has: nothing can be compared with a column that was dropped there. */
export function comparedColumns(table: Table, { columns }: SourceLayout): readonly LakeColumn[] {
  return lakeColumns(table).filter(({ contractColumn }) =>
    columns.has(table.columns[contractColumn]?.from ?? contractColumn),
  )
}
