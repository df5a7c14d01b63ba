import { splitTableName } from '../../core/source-table-name.ts'
/**
 * Table mappings of a DMS task that selects exactly these source tables, `schema.table`, as JSON (DMS user guide, table
 * mappings). `%` and `_` in names are wildcards to DMS and stand for themselves in brackets.
 */
export function tableMappings(tables: readonly string[]): string {
  return JSON.stringify({ rules: selectionRules(tables) })
}

/**
 * Table mappings of the CDC task: exactly these source tables, and for each of their schemas the rule that a change goes to
 * the shard of its primary key. Without it a table is one shard, 1 MB a second, and on-demand streams cannot help (DMS
 * user guide, Kinesis as a target).
 */
export function cdcMappings(tables: readonly string[]): string {
  const selections = selectionRules(tables)
  const schemas = [...new Set(tables.map((table) => splitTableName(table).schema))].toSorted()
  const keys = schemas.map((schema, index) => {
    const number = String(selections.length + index + 1)
    return {
      'rule-type': 'object-mapping',
      'rule-id': number,
      'rule-name': number,
      'rule-action': 'map-record-to-record',
      'object-locator': { 'schema-name': schema, 'table-name': '%' },
      'mapping-parameters': { 'partition-key-type': 'primary-key' },
    }
  })
  return JSON.stringify({ rules: [...selections, ...keys] })
}

function selectionRules(tables: readonly string[]) {
  return [...new Set(tables)].toSorted().map((table, index) => {
    const { schema, name } = splitTableName(table)
    const number = String(index + 1)
    return {
      'rule-type': 'selection',
      'rule-id': number,
      'rule-name': number,
      'object-locator': {
        'schema-name': exact(schema),
        'table-name': exact(name),
      },
      'rule-action': 'include',
      filters: [],
    }
  })
}

function exact(name: string): string {
  return name.replace(/[%_]/g, '[$&]')
}
