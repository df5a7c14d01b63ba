/** The type of a contract column, as plain data. What each one holds exactly is in `canonical.ts`. */
export type ColumnType =
  | { readonly kind: 'bigint' | 'integer' | 'smallint' | 'double' | 'real' | 'boolean' }
  | { readonly kind: 'date' | 'timestamp' | 'timestampMicros' | 'time' | 'uuid' | 'json' | 'binary' }
  | { readonly kind: 'string'; readonly max?: number | undefined }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly of: ColumnType }

/** The type as contracts write it: `decimal(12,2)`, `list<string>`. */
export function typeName(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'string':
      return type.max === undefined ? 'string' : `string(${type.max})`
    case 'list':
      return `list<${typeName(type.of)}>`
    case 'enum':
      return `enum(${type.values.join(', ')})`
    default:
      return type.kind
  }
}
