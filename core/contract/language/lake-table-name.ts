import type { TableVersion } from './table-version.ts'

/** The two parts of a lake table's name: the domain is a database of the catalog, and a folder of contracts and files. */
export interface LakeTableName {
  readonly domain: string
  readonly table: string
}

/** `workforce.shifts` in its parts. */
export function splitLakeName(name: string): LakeTableName {
  const dot = name.indexOf('.')
  return { domain: name.slice(0, Math.max(dot, 0)), table: name.slice(dot + 1) }
}

/** What a version is called where several are: `shifts_v1` in `workforce`. Its history and base have longer names. */
export function versionedName({ name, version }: TableVersion): LakeTableName {
  const { domain, table } = splitLakeName(name)
  return { domain, table: `${table}_v${version}` }
}

/** The folder of a table's contracts: `workforce/shifts`. */
export function contractFolder(name: string): string {
  const { domain, table } = splitLakeName(name)
  return `${domain}/${table}`
}

/** The domains of tables, each once, in order. */
export function domainsOf(tables: readonly { readonly name: string }[]): readonly string[] {
  return [...new Set(tables.map(({ name }) => splitLakeName(name).domain))].toSorted()
}
