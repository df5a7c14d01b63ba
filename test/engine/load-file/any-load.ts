import fc from 'fast-check'
import type { Column } from '../../../core/contract/language/column.ts'
import { takesPolicy } from '../../../core/contract/language/out-of-range.ts'
import type { RowCheck } from '../../../core/contract/language/row-check.ts'
import { comparisons, orderOf } from '../../../core/contract/language/row-check.ts'
import type { Table } from '../../../core/contract/language/table.ts'
import { isHashable, piiClasses, type Treatment } from '../../../core/contract/masking/pii.ts'
import type { ColumnType } from '../../../core/contract/value/type.ts'
import { fileTypes, number, type SourceValue } from './source-values.ts'

export interface SourceColumn {
  readonly name: string
  readonly sqlType: string
  readonly values: readonly SourceValue[]
}

/** A contract, and a file of some rows that it, or another table's contract, might be for. */
export interface AnyLoad {
  readonly table: Table
  readonly rows: number
  readonly columns: readonly SourceColumn[]
}

export const scalarTypes: readonly ColumnType[] = [
  ...(
    ['bigint', 'integer', 'smallint', 'double', 'real', 'boolean', 'date', 'time', 'uuid', 'json'] as const
  ).map((kind) => ({ kind })),
  ...(['timestamp', 'timestampMicros', 'binary', 'string'] as const).map((kind) => ({ kind })),
  { kind: 'string', max: 3 },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 38 },
  { kind: 'decimal', precision: 4, scale: 4 },
  { kind: 'decimal', precision: 20, scale: 0 },
  { kind: 'enum', values: ['a', "it's", 'true', '0'] },
  { kind: 'enum', values: ['a'], unknown: 'keep' },
]
export const listTypes: readonly (ColumnType & { readonly kind: 'list' })[] = scalarTypes.map((of) => ({
  kind: 'list',
  of,
}))
const anyType = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...scalarTypes) },
  { weight: 2, arbitrary: fc.constantFrom(...listTypes) },
  {
    weight: 1,
    arbitrary: fc.constant<ColumnType>({ kind: 'struct', fields: { d: { kind: 'date', nullable: true } } }),
  },
)

const NUMERIC = new Set(['integer', 'smallint', 'double', 'real', 'decimal'])
const bound = fc.option(fc.constantFrom(-20, -0.5, 0, 0.1, 7, 99_999.5, 1e21, -1e-7), {
  freq: 2,
  nil: undefined,
})
const treatments: readonly Treatment[] = ['clear', 'hash', 'mask', 'drop', 'tokenise']

const anyColumn: fc.Arbitrary<Column> = fc
  .record({
    type: anyType,
    nullable: fc.boolean(),
    beyond: fc.constantFrom(undefined, undefined, 'null' as const, 'clamp' as const, 'text' as const),
    pii: fc.option(fc.constantFrom(...piiClasses), { freq: 3, nil: undefined }),
    treatment: fc.constantFrom(...treatments),
    min: bound,
    max: bound,
    defaultValue: fc.constantFrom(undefined, undefined, '0', 'a', '2024-02-29'),
  })
  .map(({ type, nullable, beyond, pii, treatment, min, max, defaultValue }) => {
    const isRefusable = beyond !== undefined && takesPolicy(type, beyond) && !(beyond === 'null' && !nullable)
    const canHash = isHashable(type) || !['hash', 'tokenise'].includes(treatment)
    const isNumber = NUMERIC.has(type.kind)
    return {
      type,
      description: 'x',
      nullable,
      beyond: isRefusable ? beyond : undefined,
      ...(pii !== undefined && canHash ? { pii, treatment } : { treatment: 'clear' as const }),
      ...(isNumber ? { min, max } : {}),
      default: defaultValue,
    }
  })

/** Contracts of any columns and files of any columns, so that every type meets every other. */
export const anyLoad: fc.Arbitrary<AnyLoad> = fc.integer({ min: 1, max: 5 }).chain((rows) =>
  fc
    .record({
      columns: fc.array(
        fc.constantFrom(...fileTypes).chain(({ sqlType, value }) =>
          fc.record({
            column: anyColumn,
            sqlType: fc.constant(sqlType),
            values: fc.array(
              fc.option(value, { freq: 5, nil: { sql: `CAST(NULL AS ${sqlType})`, json: null } }),
              {
                minLength: rows,
                maxLength: rows,
              },
            ),
            place: fc.constantFrom('both', 'both', 'both', 'both', 'file', 'contract'),
          }),
        ),
        { minLength: 1, maxLength: 4 },
      ),
      unknownFields: fc.constantFrom(
        'keep' as const,
        'keep' as const,
        'drop' as const,
        'quarantine' as const,
      ),
      check: fc.record({ is: fc.constantFrom(...comparisons), isThere: fc.boolean() }),
    })
    .map(({ columns, unknownFields, check }) => {
      const named = columns.map((column, index) => ({
        ...column,
        name: `k${index}`,
        source: sourceName(index),
      }))
      const contract = named.filter(({ place }) => place !== 'file')
      const inFile = named.filter(({ place }) => place !== 'contract')
      const key: Column = { type: { kind: 'bigint' }, description: 'x', nullable: false, treatment: 'clear' }
      const contractColumns = Object.fromEntries(
        contract.map(({ name, source, column }) => [name, { ...column, from: source }]),
      )
      const table: Table = {
        name: 't.any',
        version: 1,
        owner: 'tests',
        description: 'x',
        unknownFields,
        source: { system: 'tests', table: 'public.any' },
        primaryKey: ['id'],
        partitionBy: {},
        columns: { id: key, ...contractColumns },
        ...(check.isThere ? { checks: checksOf(contractColumns, check.is) } : {}),
      }
      const ids = Array.from({ length: rows }, (_, index) => number('BIGINT')(String(index)))
      return {
        table,
        rows,
        columns: [
          { name: 'id', sqlType: 'BIGINT', values: ids },
          ...inFile.map(({ source, sqlType, values }) => ({ name: source, sqlType, values })),
        ],
      }
    }),
)

/* Names that SQL must quote, that sort as numbers in JavaScript, or that objects have already. */
function sourceName(index: number): string {
  return ['Weird "Name" - ?', '2', '__proto__', 'constructor'][index] ?? `n${index}`
}

/* Between every two columns of one order. */
function checksOf(columns: Readonly<Record<string, Column>>, is: RowCheck['is']): readonly RowCheck[] {
  const names = Object.entries(columns).filter(
    ([, { type, beyond }]) => orderOf(type) !== 'none' && beyond !== 'text',
  )
  return names.flatMap(([left, a], index) =>
    names
      .slice(index + 1)
      .flatMap(([right, b]) =>
        orderOf(a.type) === orderOf(b.type) ? [{ name: `${left} ${is} ${right}`, left, is, right }] : [],
      ),
  )
}
