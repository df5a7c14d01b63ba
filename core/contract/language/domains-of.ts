/** The domains of tables, each once, in order: what stands before the dot of a table's name. */
export function domainsOf(tables: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(tables.map(({ name }) => name.slice(0, name.indexOf('.'))))].toSorted()
}
