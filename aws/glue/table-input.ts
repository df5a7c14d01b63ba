import type { Column, PartitionInput, StorageDescriptor, Table, TableInput } from '@aws-sdk/client-glue'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import { versionedName } from '../../core/contract/language/lake-table-name.ts'
import type { TableVersion } from '../../core/contract/language/table-version.ts'
import type { CatalogTable } from '../../core/ports/catalog-entry.ts'
import { athenaType } from '../../glue/athena-type.ts'
import { type EntryState, parametersOf } from './entry-parameters.ts'

/* API reference: a comment of a column, a description of a table. */
const COMMENT_CHARACTERS = 255
const DESCRIPTION_CHARACTERS = 2_048
const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet'

/** Database and table of a version's history: `w.shifts` v1 is `w` and `shifts_v1_history`. */
export function glueName(
  prefix: string,
  of: TableVersion,
): { readonly database: string; readonly table: string } {
  const { domain, table } = versionedName(of)
  return { database: `${prefix}${domain}`, table: `${table}_history` }
}

/** The whole TableInput of a version's history, for Glue keeps nothing of what an update leaves out. `root` is `s3://…`. */
export function tableInput(prefix: string, root: string, state: EntryState, before?: Table): TableInput {
  const { table } = state
  return {
    ...settable(before),
    Name: glueName(prefix, table).table,
    Description: clip(table.description, DESCRIPTION_CHARACTERS),
    Owner: clip(table.owner, COMMENT_CHARACTERS),
    TableType: 'EXTERNAL_TABLE',
    /* Athena fails on a table without the list, and on one whose parameters do not say Parquet. */
    PartitionKeys: [{ Name: 'ingest_date', Type: 'date' }],
    Parameters: {
      ...before?.Parameters,
      classification: 'parquet',
      EXTERNAL: 'TRUE',
      ...parametersOf(state),
    },
    StorageDescriptor: storage(table, `${root}/${table.location}/`),
  }
}

/** A partition describes its files by itself. */
export function partitionInput(root: string, table: CatalogTable, ingestDate: string): PartitionInput {
  return {
    Values: [ingestDate],
    StorageDescriptor: storage(table, `${root}/${table.location}/ingest_date=${ingestDate}/`),
  }
}

function storage(table: CatalogTable, location: string): StorageDescriptor {
  return parquetStorage(glueColumns(table.columns), location)
}

/** The system columns and those of a contract as Glue has them. */
export function glueColumns(columns: CatalogTable['columns']): readonly Column[] {
  return [
    ...systemColumns.map(({ name, type }) => ({ Name: name, Type: athenaType(type) })),
    ...columns.map(({ name, type, description }) => ({
      Name: name,
      Type: athenaType(type),
      Comment: clip(description, COMMENT_CHARACTERS),
    })),
  ]
}

/** Parquet files below a location, read by column name. */
export function parquetStorage(columns: readonly Column[], Location: string): StorageDescriptor {
  return {
    Location,
    Columns: [...columns],
    InputFormat: `${PARQUET}.MapredParquetInputFormat`,
    OutputFormat: `${PARQUET}.MapredParquetOutputFormat`,
    SerdeInfo: {
      SerializationLibrary: `${PARQUET}.serde.ParquetHiveSerDe`,
      Parameters: { 'serialization.format': '1' },
    },
  }
}

/* What GetTable gives and UpdateTable takes; all else is Glue's and is refused. */
function settable(table: Table | undefined): Partial<TableInput> {
  const { LastAccessTime, LastAnalyzedTime, Retention, TargetTable } = table ?? {}
  return {
    ...(LastAccessTime === undefined ? {} : { LastAccessTime }),
    ...(LastAnalyzedTime === undefined ? {} : { LastAnalyzedTime }),
    ...(Retention === undefined ? {} : { Retention }),
    ...(TargetTable === undefined ? {} : { TargetTable }),
  }
}

/* One line: Glue takes no line breaks in a comment. */
function clip(text: string, characters: number): string {
  return text.replace(/\s+/g, ' ').slice(0, characters).toWellFormed()
}
