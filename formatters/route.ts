import type { Table } from '../core/contract/language/table.ts'
import type { MaskKey } from '../core/contract/masking/pii.ts'
import { type LineCodec, lineCodec } from './line-codec.ts'
import { type RowCodec, rowCodec } from './row-codec.ts'

/** One live contract of a source table, ready to format. */
export interface Route {
  readonly table: Table
  readonly codec: RowCodec
  /** The same for pages, where it is sure. */
  readonly lines: LineCodec
}

/** A contract, ready to format. */
export function routeOf(table: Table, key: MaskKey): Route {
  return { table, codec: rowCodec(table, key), lines: lineCodec(table, key) }
}

/** From a source table to the contracts that read it; a table may have two live major versions. */
export type Router = (sourceTable: string) => readonly Route[]

export function router(tables: readonly Table[], key: MaskKey): Router {
  const routes = new Map<string, Route[]>()
  for (const table of tables) {
    const { table: source } = table.source
    const known = routes.get(source) ?? []
    routes.set(source, [...known, routeOf(table, key)])
  }
  return (sourceTable) => routes.get(sourceTable) ?? []
}
