import type { Table } from '../../core/contract/table.ts'
import type { MaskKeys } from '../../core/ports.ts'
import { type Router, router } from '../../formatters/route.ts'

/** The routes of one source system, built when first asked for; a key that could not be read is asked for again. */
export function routerOf(tables: readonly Table[], system: string, keys: MaskKeys): () => Promise<Router> {
  let known: Router | undefined
  return async () => {
    known ??= router(
      tables.filter(({ source }) => source.system === system),
      await keys.current(),
    )
    return known
  }
}
