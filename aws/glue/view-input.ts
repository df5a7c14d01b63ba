import type { TableInput } from '@aws-sdk/client-glue'
import type { LakeColumn } from '../../core/contract/language/lake-columns.ts'
import { systemColumns } from '../../core/contract/language/lake-row.ts'
import { splitLakeName } from '../../core/contract/language/lake-table-name.ts'
import type { ColumnType } from '../../core/contract/value/type.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { CatalogEntry, CatalogTable } from '../../core/ports/catalog-entry.ts'
import { athenaType, prestoType } from '../../glue/athena-type.ts'
import { athenaDialect } from '../../lake/sql/athena/athena-dialect.ts'
import { athenaSources } from '../../lake/sql/athena/athena-sources.ts'
import { currentColumns, currentSelect } from '../../lake/sql/current-select.ts'

/* API reference, TableInput. */
const VIEW_CHARACTERS = 409_600

/**
 * The view of current as Athena itself writes views into Glue: Presto types in the encoded text, Hive types in the
 * columns, in one order. The entry's name has the prefix of the databases. Throws `catalog/too-large`.
 */
export function viewInput(entry: CatalogEntry, root: string): TableInput {
  const columns = viewColumns(entry)
  const text = textOf(viewOf(entry, root))
  if (text.length > VIEW_CHARACTERS) throw new PipelineError('catalog/too-large', `view ${entry.table.name}`)
  return {
    Name: splitLakeName(entry.table.name).table,
    TableType: 'VIRTUAL_VIEW',
    PartitionKeys: [],
    Parameters: { presto_view: 'true', comment: 'Presto View' },
    ViewOriginalText: text,
    ViewExpandedText: '/* Presto View */',
    StorageDescriptor: {
      Location: '',
      Columns: columns.map((column) => ({ Name: column.name, Type: athenaType(column.type) })),
      SerdeInfo: {},
    },
  }
}

function viewOf(entry: CatalogEntry, root: string) {
  return {
    originalSql: currentSelect(entry, athenaSources(entry, root), { dialect: athenaDialect }),
    catalog: 'awsdatacatalog',
    schema: splitLakeName(entry.table.name).domain,
    columns: viewColumns(entry).map(({ name, type }) => ({ name, type: prestoType(type) })),
  }
}

function textOf(view: ReturnType<typeof viewOf>): string {
  return `/* Presto View: ${Buffer.from(JSON.stringify(view)).toString('base64')} */`
}

/**
 * About how many columns like those of a table fit the view of current once it has a base; undefined when all of them do.
 */
export function columnsThatFit(table: CatalogTable): number | undefined {
  const base = {
    build: 1,
    position: '',
    openSince: '2000-01-01',
    historyFrom: null,
    parts: [],
    tombstones: [],
    rows: 0,
    /* As many names of folded files as a view lists. */
    folded: Array.from({ length: 400 }, (_, index) => `${'f'.repeat(60)}${index}`),
  }
  const entry = { table, partitions: [], floors: [], revisions: [], base }
  const size = textOf(viewOf(entry, 's3://lake')).length
  if (size <= VIEW_CHARACTERS) return undefined
  const fixed = 50_000
  return Math.max(0, Math.floor((table.columns.length * (VIEW_CHARACTERS - fixed)) / (size - fixed)))
}

/* Day and month columns are text; they are neither the contract's nor the system's. */
function viewColumns(entry: CatalogEntry): readonly Pick<LakeColumn, 'name' | 'type'>[] {
  const types = new Map<string, ColumnType>(
    [...systemColumns, ...entry.table.columns].map(({ name, type }) => [name, type]),
  )
  return currentColumns(entry).map((name) => ({ name, type: types.get(name) ?? { kind: 'string' } }))
}
