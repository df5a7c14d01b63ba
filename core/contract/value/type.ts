/** The type of a contract column, as plain data. What each one holds exactly is in `canonical.ts`. */
export type ColumnType =
  | { readonly kind: 'bigint' | 'integer' | 'smallint' | 'double' | 'real' | 'boolean' }
  | { readonly kind: 'date' | 'timestamp' | 'timestampMicros' | 'time' | 'uuid' | 'json' | 'binary' }
  | { readonly kind: 'string'; readonly max?: number | undefined }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** `unknown`: what becomes of text that is no value of the list; left out, the row is quarantined. */
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly unknown?: 'keep' | undefined }
  | { readonly kind: 'list'; readonly of: ColumnType }
  | StructType

/** A JSON object with known members. */
export interface StructType {
  readonly kind: 'struct'
  readonly fields: StructFields
  /** What becomes of members that are no field; left out, the row is quarantined. */
  readonly unknown?: 'drop' | undefined
}

/** Fields by their name in the lake, in the order they have there. */
export type StructFields = Readonly<Record<string, FieldType>>

/** The type of a field of a struct; `from` names the member of the JSON object where that is another name. */
export type FieldType = ColumnType & {
  readonly nullable?: boolean | undefined
  readonly from?: string | undefined
}

/** The type as contracts write it: `decimal(12,2)`, `list<string>`, `struct<day:date,note:string?>`. */
export function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'string':
      return type.max === undefined ? 'string' : `string(${type.max})`
    case 'list':
      return `list<${typeName(type.of)}>`
    case 'struct': {
      const fields = Object.entries(type.fields).map(
        ([name, field]) => `${name}:${typeName(field)}${field.nullable ? '?' : ''}`,
      )
      return `struct<${fields.join(',')}>`
    }
    case 'enum':
      return `enum(${[...type.values, ...(type.unknown === 'keep' ? ['…'] : [])].join(', ')})`
    default:
      return type.kind
  }
}
