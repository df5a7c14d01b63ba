import type { Table } from '../../core/contract/language/table.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { MaskKeys } from '../../core/ports/ports.ts'
import { type Router, router } from '../../formatters/route.ts'

/**
 * The routes of some source systems, built when first asked for; a key that could not be read is asked for again. Throws
 * `settings/invalid` when two systems have a table of one name: a raw page says only the name.
 */
export function routerOf(
  tables: readonly Table[],
  systems: readonly string[],
  keys: MaskKeys,
): () => Promise<Router> {
  const read = tables.filter(({ source }) => systems.includes(source.system))
  const owners = new Map<string, string>()
  for (const { source } of read) {
    const owner = owners.get(source.table) ?? source.system
    if (owner !== source.system)
      throw new PipelineError(
        'settings/invalid',
        `${owner} and ${source.system} both have a table ${source.table}`,
      )
    owners.set(source.table, owner)
  }
  let known: Router | undefined
  return async () => {
    known ??= router(read, await keys.current())
    return known
  }
}
