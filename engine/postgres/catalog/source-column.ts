/** One column of a source table, or one column as a relation message of the stream describes it. */
export interface SourceColumn {
  readonly name: string
  /** Its number, which it keeps for life; 0 of one that the table has no longer under this name. */
  readonly position: number
  /** format_type without its modifier: `numeric`, `text[]`, `workforce.shift_status`. */
  readonly type: string
  readonly typeOid: number
  /** The type whose text form this one has: of a domain its base type, else the type itself. */
  readonly baseTypeOid: number
  readonly typeModifier: number
  readonly kind: 'base' | 'enum' | 'array' | 'domain' | 'composite' | 'range' | 'other'
  /** Of an array its elements' type, of a domain its base type. */
  readonly elementType?: string
  readonly precision?: number
  readonly scale?: number
  readonly length?: number
  readonly notNull: boolean
  /** 1-based place in the primary key. */
  readonly keyPosition?: number
  readonly enumValues?: readonly string[]
  readonly comment?: string
  readonly isGenerated: boolean
}

/** A row of `columnsSelect`; everything is text, so no driver setting changes its meaning. */
export interface CatalogRow {
  readonly relation: string
  readonly name: string
  readonly position: string
  readonly type: string
  readonly type_oid: string
  readonly base_oid: string
  readonly modifier: string
  readonly base_modifier: string
  readonly type_kind: string
  readonly is_array: string
  readonly element_type: string | null
  readonly not_null: string
  readonly key_position: string | null
  readonly enum_values: string | null
  readonly comment: string | null
  readonly generated: string
}

/**
 * Whether no stored value of column `a` of pg_attribute is null. A constraint that is not validated says nothing of older
 * rows, and a domain that is NOT NULL takes the null of an empty subquery.
 */
export const isNotNull = `(a.attnotnull and not exists (select from pg_constraint n where n.conrelid = a.attrelid
      and n.contype = 'n' and not n.convalidated and a.attnum = any (n.conkey)))`

/**
 * A query for `CatalogRow`s over `source`, a query with the columns relation, name, position,
 * type_oid, modifier, not_null, generated, key_position, comment. Domains over domains are
 * followed to their base type, and the innermost modifier counts.
 */
export function columnsSelect(source: string): string {
  return `
  with recursive source as (${source}), based as (
    select t.oid as type_oid, t.oid as base_oid, -1 as modifier, t.typtype, t.typbasetype, t.typtypmod
    from pg_type t where t.oid in (select type_oid from source)
    union all
    select b.type_oid, t.oid, case when b.typtypmod >= 0 then b.typtypmod else b.modifier end,
      t.typtype, t.typbasetype, t.typtypmod
    from based b join pg_type t on t.oid = b.typbasetype where b.typtype = 'd'
  )
  select s.relation::text, s.name::text, s.position::text, format_type(s.type_oid, null) as type,
    s.type_oid::text, b.base_oid::text, s.modifier::text,
    (case when s.type_oid = b.base_oid then s.modifier else b.modifier end)::text as base_modifier,
    t.typtype::text as type_kind, (t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A')::text as is_array,
    case when t.typtype = 'd' then format_type(b.base_oid, null)
      when t.typelem <> 0 and t.typlen = -1 and t.typcategory = 'A' then format_type(t.typelem, null) end as element_type,
    s.not_null::text as not_null, s.key_position::text,
    (select json_agg(e.enumlabel order by e.enumsortorder)::text from pg_enum e where e.enumtypid = b.base_oid) as enum_values,
    s.comment, s.generated::text
  from source s join pg_type t on t.oid = s.type_oid
    join based b on b.type_oid = s.type_oid and b.typtype <> 'd'
  order by s.relation, s.position`
}

export function toSourceColumn(row: CatalogRow): SourceColumn {
  return {
    name: row.name,
    position: Number(row.position),
    type: row.type,
    typeOid: Number(row.type_oid),
    baseTypeOid: Number(row.base_oid),
    typeModifier: Number(row.modifier),
    kind: kindOf(row),
    ...(row.element_type === null ? {} : { elementType: row.element_type }),
    ...readModifier(Number(row.base_oid), Number(row.base_modifier)),
    notNull: row.not_null === 'true',
    ...(row.key_position === null ? {} : { keyPosition: Number(row.key_position) }),
    ...(row.enum_values === null ? {} : { enumValues: parseNames(row.enum_values) }),
    ...(row.comment === null ? {} : { comment: row.comment }),
    isGenerated: row.generated === 'true',
  }
}

/** Names that a query aggregated with json_agg: no setting of the client's array parser matters. */
export function parseNames(json: string): readonly string[] {
  const names: unknown = JSON.parse(json)
  return Array.isArray(names) ? names.map(String) : []
}

function kindOf(row: CatalogRow): SourceColumn['kind'] {
  if (row.is_array === 'true') return 'array'
  switch (row.type_kind) {
    case 'b':
      return 'base'
    case 'e':
      return 'enum'
    case 'd':
      return 'domain'
    case 'c':
      return 'composite'
    case 'r':
    case 'm':
      return 'range'
  }
  return 'other'
}

const NUMERIC = 1700
const CHARACTERS: readonly number[] = [1042, 1043]
const BITS: readonly number[] = [1560, 1562]

/* A scale may be negative since PostgreSQL 15: 11 bits, two's complement. */
function readModifier(
  typeOid: number,
  modifier: number,
): { precision?: number; scale?: number; length?: number } {
  if (modifier < 0) return {}
  if (typeOid === NUMERIC)
    return {
      precision: ((modifier - 4) >> 16) & 0xffff,
      scale: (((modifier - 4) & 0x7ff) ^ 1024) - 1024,
    }
  if (CHARACTERS.includes(typeOid)) return { length: modifier - 4 }
  if (BITS.includes(typeOid)) return { length: modifier }
  return {}
}
