/**
 * Table mappings of a DMS task that selects exactly these source tables, `schema.table`, as JSON (DMS user guide, table
 * mappings). `%` and `_` in names are wildcards to DMS and stand for themselves in brackets.
 */
export function tableMappings(tables: readonly string[]): string {
  const rules = [...new Set(tables)].toSorted().map((table, index) => {
    const dot = table.indexOf('.')
    const number = String(index + 1)
    return {
      'rule-type': 'selection',
      'rule-id': number,
      'rule-name': number,
      'object-locator': {
        'schema-name': exact(table.slice(0, dot)),
        'table-name': exact(table.slice(dot + 1)),
      },
      'rule-action': 'include',
      filters: [],
    }
  })
  return JSON.stringify({ rules })
}

function exact(name: string): string {
  return name.replace(/[%_]/g, '[$&]')
}
