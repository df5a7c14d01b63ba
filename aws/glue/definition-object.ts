import { hash } from 'node:crypto'
import type { Table, TableInput } from '@aws-sdk/client-glue'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogObject } from '../../glue/catalog-plan.ts'
import { stateOf } from './entry-parameters.ts'

/* What Tidemark wrote into a view last; a history table has it as the state in its parameters. */
const VIEW_PARAMETER = 'tidemark.view'

const written = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string(), comment: z.string() })),
  facts: z.record(z.string(), z.string()),
})

/** A Glue table, or one to be written, as a plan compares it. */
export function objectOf(database: string, table: Table | TableInput): CatalogObject {
  const isView = table.TableType === 'VIRTUAL_VIEW'
  const columns = (table.StorageDescriptor?.Columns ?? []).map(({ Name, Type, Comment }) => ({
    name: Name ?? '',
    type: Type ?? '',
    comment: Comment ?? '',
  }))
  const facts = isView ? viewFacts(table) : tableFacts(table)
  return { kind: isView ? 'view' : 'table', database, name: table.Name ?? '', columns, facts }
}

/** The view with a note of itself, by which a change by hand is found. */
export function withLastView(input: TableInput): TableInput {
  const { columns, facts } = objectOf('', input)
  const note = JSON.stringify({ columns, facts })
  return { ...input, Parameters: { ...input.Parameters, [VIEW_PARAMETER]: note } }
}

/** What Tidemark wrote as this view; null for one it did not make. Throws `catalog/corrupt`. */
export function lastView(now: CatalogObject, { Parameters }: Table): CatalogObject | null {
  const note = Parameters?.[VIEW_PARAMETER]
  if (note === undefined) return null
  try {
    return { ...now, kind: 'view', ...written.parse(JSON.parse(note)) }
  } catch (cause) {
    throw new PipelineError('catalog/corrupt', `Glue view ${now.name}`, { cause })
  }
}

function viewFacts({ ViewOriginalText, ViewExpandedText, Parameters }: Table | TableInput) {
  const { presto_view: isPresto = '' } = Parameters ?? {}
  return {
    sql: digest(ViewOriginalText ?? ''),
    format: [isPresto, ViewExpandedText ?? ''].join(' '),
  }
}

function tableFacts(table: Table | TableInput): Readonly<Record<string, string>> {
  const { Description, Owner, StorageDescriptor, PartitionKeys, Parameters, TableType } = table
  const { Location, InputFormat, OutputFormat, SerdeInfo } = StorageDescriptor ?? {}
  const { classification } = Parameters ?? {}
  const format = [TableType, classification, InputFormat, OutputFormat]
  const keys = (PartitionKeys ?? []).map(({ Name, Type }) => `${Name} ${Type}`)
  const contract = stateOf(table.Name ?? '', Parameters)?.table
  return {
    description: Description ?? '',
    owner: Owner ?? '',
    location: Location ?? '',
    format: [...format, SerdeInfo?.SerializationLibrary, ...keys].join(' '),
    'primary key': (contract?.primaryKey ?? []).join(', '),
    source: contract?.source ?? '',
    'base location': contract?.baseLocation ?? '',
    'base partitions': JSON.stringify(contract?.basePartitions ?? []),
    'contract types': digest(JSON.stringify(contract?.columns ?? [])),
  }
}

function digest(text: string): string {
  return hash('sha256', text)
}
