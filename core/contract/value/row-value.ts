import type { CanonicalValue } from '../../block.ts'
import { isoOfMicros, isoOfMillis } from './temporal.ts'
import type { ColumnType, FieldType, StructFields } from './type.ts'

/** The value of a type in a `Row`: 64-bit integers are bigint, instants ISO 8601 text, decimals text, bytes bytes. */
export type ValueOf<T extends ColumnType> =
  /* Of a type that is not known any closer nothing can be said. */
  ColumnType extends T ? unknown : KnownValue<T>

type KnownValue<T extends ColumnType> = T extends { kind: 'bigint' }
  ? bigint
  : T extends { kind: 'integer' | 'smallint' | 'double' | 'real' }
    ? number
    : T extends { kind: 'boolean' }
      ? boolean
      : T extends { kind: 'binary' }
        ? Uint8Array
        : T extends { kind: 'enum'; values: infer V extends readonly string[] }
          ? T extends { unknown: 'keep' }
            ? string
            : V[number]
          : T extends { kind: 'list'; of: infer E extends ColumnType }
            ? readonly (ValueOf<E> | null)[]
            : T extends { kind: 'struct'; fields: infer F extends StructFields }
              ? StructValue<F>
              : string

/** The object of a struct's fields. */
export type StructValue<F extends StructFields> = {
  readonly [N in keyof F]: F[N] extends FieldType
    ? F[N] extends { readonly nullable: true }
      ? ValueOf<F[N]> | null
      : ValueOf<F[N]>
    : never
}

/** The value that `ValueOf` promises, made of a canonical one. */
export function rowValueOf(type: ColumnType): (value: CanonicalValue) => unknown {
  switch (type.kind) {
    case 'timestamp':
      return (value) => (typeof value === 'number' ? isoOfMillis(value) : value)
    case 'bigint':
      return onText(BigInt)
    case 'timestampMicros':
      return onText((text) => isoOfMicros(BigInt(text)))
    case 'double':
    case 'real':
      return onText(Number)
    case 'binary':
      return onText((text) => new Uint8Array(Buffer.from(text, 'hex')))
    case 'list': {
      const element = rowValueOf(type.of)
      return (value) => (Array.isArray(value) ? value.map(element) : value)
    }
    case 'struct': {
      const fields = Object.entries(type.fields).map(([name, field]) => [name, rowValueOf(field)] as const)
      return (value) =>
        Array.isArray(value)
          ? Object.fromEntries(fields.map(([name, convert], index) => [name, convert(value[index] ?? null)]))
          : value
    }
    default:
      return (value) => value
  }
}

function onText(convert: (text: string) => unknown): (value: CanonicalValue) => unknown {
  return (value) => (typeof value === 'string' ? convert(value) : value)
}

/** The text of a canonical value where a column is text for all rows (`beyond: 'text'`). */
export function canonicalText(type: ColumnType, value: CanonicalValue): string {
  if (type.kind === 'timestamp' && typeof value === 'number') return isoOfMillis(value)
  if (type.kind === 'timestampMicros') return isoOfMicros(BigInt(String(value)))
  return String(value)
}
