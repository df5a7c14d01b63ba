import type { MaskKey } from '../../core/contract/pii.ts'
import type { Table } from '../../core/contract/table.ts'
import type { HistoryFiles } from '../../core/ports.ts'
import { type Router, router } from '../../formatters/route.ts'
import { historyFiles } from '../../lake/history-file.ts'

/** The contracts of a running pipeline. Stages ask here for each page and each object, so that tables may come meanwhile. */
export class LiveContracts {
  private readonly maskKey: MaskKey
  private known: readonly Table[]
  private routes: Router
  private histories: HistoryFiles

  constructor(tables: readonly Table[], maskKey: MaskKey) {
    this.maskKey = maskKey
    this.known = tables
    this.routes = router(tables, maskKey)
    this.histories = historyFiles(tables)
  }

  get tables(): readonly Table[] {
    return this.known
  }

  readonly route: Router = (source) => this.routes(source)

  readonly historyFile: HistoryFiles = (table, version) => this.histories(table, version)

  /** Takes contracts in; those it has under the same name and version stay. Gives those that were not there. */
  add(tables: readonly Table[]): readonly Table[] {
    const fresh = tables.filter(
      ({ name, version }) => !this.known.some((table) => table.name === name && table.version === version),
    )
    if (fresh.length > 0) this.take([...this.known, ...fresh])
    return fresh
  }

  /** Forgets contracts under which nothing was formatted yet. */
  remove(tables: readonly Table[]): void {
    this.take(this.known.filter((table) => !tables.includes(table)))
  }

  private take(tables: readonly Table[]): void {
    this.known = tables
    this.routes = router(this.known, this.maskKey)
    this.histories = historyFiles(this.known)
  }
}
