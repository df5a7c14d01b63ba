import { PipelineError } from '../../failures/failures.ts'
import { sourceTableName } from '../../source-table-name.ts'
import { checkTable } from '../check/check-table.ts'
import { ContractError } from '../check/fault.ts'
import type { Column } from '../language/column.ts'
import { distinctLakeName, lakeNames } from '../language/lake-names.ts'
import type { Table } from '../language/table.ts'
import { defaultTreatment, isHashable, type PiiClass, type Treatment } from '../masking/pii.ts'
import type { ColumnType } from '../value/type.ts'
import { guessPii } from './guess-pii.ts'
import { type InferredType, inferType, type SourceShapeColumn } from './infer-type.ts'

/** A source table as its catalog describes it; `key` names its primary key's columns in order. */
export interface SourceShape {
  readonly schema: string
  readonly name: string
  readonly key: readonly string[]
  readonly comment?: string
  readonly columns: readonly SourceShapeColumn[]
}

export interface InferOptions {
  /** Lake name of the source system, as in `source.system`. */
  readonly system: string
  /** Left out: `unassigned`. */
  readonly owner?: string
  /**
   * Treat columns as personal whose names suggest it. Only for a contract that a person reviews:
   * without review a guess would alter values silently. Left out: no.
   */
  readonly guessPii?: boolean
}

/** Owner of a contract that nobody has taken yet. */
export const unassigned = 'unassigned'

/**
 * Version 1 of a contract that holds every value of a source table exactly, in the order of its
 * columns. Throws `source/no-primary-key`, or `contract/invalid` when the shape contradicts itself.
 */
export function inferTable(shape: SourceShape, options: InferOptions): Table {
  const source = sourceTableName(shape)
  if (shape.key.length === 0) throw new PipelineError('source/no-primary-key', `${source} has no primary key`)
  const absent = shape.key.filter((name) => !shape.columns.some((column) => column.name === name))
  if (absent.length > 0)
    throw new PipelineError(
      'source/no-primary-key',
      `the primary key of ${source} has a generated column, ${absent.join(', ')}, which changes do not carry`,
    )
  const inferred = shape.columns.map((column) => inferType(column, shape.key.includes(column.name)))
  const names = lakeNames(
    shape.columns.map(({ name }, index) => ({
      name,
      hasMicros: inferred[index]?.type.kind === 'timestampMicros',
    })),
  )
  const nameOf = new Map(shape.columns.map(({ name }, index) => [name, names[index] ?? name]))
  const columns = shape.columns.flatMap((column, index) => {
    const name = names[index]
    const type = inferred[index]
    return name && type ? [[name, inferColumn(column, name, type, shape, options)] as const] : []
  })
  const table: Table = {
    name: `${distinctLakeName(shape.schema, 'schema')}.${distinctLakeName(shape.name, 'table')}`,
    version: 1,
    owner: options.owner ?? unassigned,
    description: oneLine(shape.comment) ?? `Source table ${oneLine(source)}; describe it for analysts`,
    source: { system: options.system, table: source },
    primaryKey: shape.key.map((name) => nameOf.get(name) ?? name),
    partitionBy: {},
    unknownFields: 'keep',
    columns: Object.fromEntries(columns),
  }
  const faults = checkTable(table)
  if (faults.length > 0) throw new ContractError(table, faults)
  return table
}

function inferColumn(
  column: SourceShapeColumn,
  lakeName: string,
  { type, note }: InferredType,
  { key }: SourceShape,
  options: InferOptions,
): Column {
  const isKey = key.includes(column.name)
  const pii = options.guessPii ? guessPii(column.name, type) : undefined
  return {
    type,
    description: describe(column, note),
    nullable: !column.notNull && !isKey,
    from: lakeName === column.name ? undefined : column.name,
    pii,
    treatment: pii === undefined ? 'clear' : guessedTreatment(pii, type, isKey),
    min: undefined,
    max: undefined,
    check: undefined,
  }
}

/**
 * The treatment of a column that was guessed to be personal. A masked key would merge rows, and a mask is text: what
 * it cannot show is hashed, what has no hash is left out, as secrets are.
 */
export function guessedTreatment(pii: PiiClass, type: ColumnType, isKey: boolean): Treatment {
  const isMaskable =
    pii === 'birth-date' ? type.kind === 'date' : type.kind === 'string' || type.kind === 'json'
  if (defaultTreatment[pii] === 'mask' && isMaskable && !isKey) return 'mask'
  if (defaultTreatment[pii] === 'drop' && !isKey) return 'drop'
  if (isHashable(type)) return 'hash'
  return isKey ? 'clear' : 'drop'
}

function describe(column: SourceShapeColumn, note: string | undefined): string {
  const comment = oneLine(column.comment)
  if (comment !== undefined) return note === undefined ? comment : `${comment} (${note})`
  const fallback = `Source column ${column.name}, ${note ?? typeText(column)}; describe it for analysts`
  return oneLine(fallback) ?? fallback
}

function typeText({ type, precision, scale, length }: SourceShapeColumn): string {
  if (precision !== undefined) return `${type}(${precision},${scale ?? 0})`
  return length === undefined ? type : `${type}(${length})`
}

/* Catalogs show a comment on one line; undefined when there is nothing to show. */
function oneLine(comment: string | undefined): string | undefined {
  const line = comment?.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim()
  return line === '' ? undefined : line
}
