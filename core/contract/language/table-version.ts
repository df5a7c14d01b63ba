import type { Table } from './table.ts'

/** One version of a table: what a contract describes, and what blocks, files and catalog entries are of. */
export interface TableVersion {
  readonly name: string
  readonly version: number
}

export function isSameVersion(one: TableVersion, other: TableVersion): boolean {
  return one.name === other.name && one.version === other.version
}

/** Its one text, for people, in documents and as a key: `workforce.shifts v1`. */
export function printTableVersion({ name, version }: TableVersion): string {
  return `${name} v${version}`
}

/** The same of what may be of no contract: null then. */
export function printAnyVersion(of: TableVersion | null): string | null {
  return of === null ? null : printTableVersion(of)
}

/** Whether both are of one version, or of no contract. */
export function isSameOrNone(one: TableVersion | null, other: TableVersion | null): boolean {
  return one === null || other === null ? one === other : isSameVersion(one, other)
}

/** The version alone of what describes more. */
export function versionOf({ name, version }: TableVersion): TableVersion {
  return { name, version }
}

/** Reads what `printTableVersion` writes; undefined for any other text. */
export function readTableVersion(text: string): TableVersion | undefined {
  const [, name, version] = /^(\S+) v(\d+)$/.exec(text) ?? []
  return name === undefined ? undefined : { name, version: Number(version) }
}

/** The key of what is stored about it, which others may begin with: `workforce.shifts.v1`. */
export function tableVersionKey({ name, version }: TableVersion): string {
  return `${name}.v${version}`
}

/** Reads what `tableVersionKey` writes; undefined for any other text. */
export function readTableVersionKey(text: string): TableVersion | undefined {
  const [, name, version] = /^(.+)\.v(\d+)$/.exec(text) ?? []
  return name === undefined ? undefined : { name, version: Number(version) }
}

/** What people call a table among others: its name, with the version where several are live. */
export function tableLabel(table: Table, among: readonly Table[]): string {
  const isOnly = among.every((other) => other.name !== table.name || other.version === table.version)
  return isOnly ? table.name : printTableVersion(table)
}
