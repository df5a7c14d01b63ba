import type { Table } from '../../core/contract/language/table.ts'
import { isSameVersion } from '../../core/contract/language/table-version.ts'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import type { HistoryFiles } from '../../core/ports/ports.ts'
import { type Router, router } from '../../formatters/route.ts'
import { historyFiles } from '../../lake/history/history-file.ts'

/** The contracts of a running pipeline. Stages ask here for each page and each object, so that tables may come meanwhile. */
export class LiveContracts {
  private readonly maskKey: MaskKey
  private known: readonly Table[]
  readonly ended: readonly Table[]
  private routes: Router
  private histories: HistoryFiles

  /** Under contracts of `ended` tables changes are still read; they are none of `tables`. */
  constructor(tables: readonly Table[], maskKey: MaskKey, ended: readonly Table[] = []) {
    this.maskKey = maskKey
    this.ended = ended
    this.known = tables
    this.routes = router([...tables, ...ended], maskKey)
    this.histories = historyFiles([...tables, ...ended])
  }

  get tables(): readonly Table[] {
    return this.known
  }

  readonly route: Router = (source) => this.routes(source)

  readonly historyFile: HistoryFiles = (table, version) => this.histories(table, version)

  /** Takes contracts in; those it has under the same name and version stay. Gives those that were not there. */
  add(tables: readonly Table[]): readonly Table[] {
    const fresh = tables.filter((table) => !this.known.some((known) => isSameVersion(known, table)))
    if (fresh.length > 0) this.take([...this.known, ...fresh])
    return fresh
  }

  /** Forgets contracts under which nothing was formatted yet. */
  remove(tables: readonly Table[]): void {
    this.take(this.known.filter((table) => !tables.includes(table)))
  }

  private take(tables: readonly Table[]): void {
    this.known = tables
    const ended = this.ended.filter((table) => !tables.some((known) => isSameVersion(known, table)))
    const all = [...tables, ...ended]
    this.routes = router(all, this.maskKey)
    this.histories = historyFiles(all)
  }
}
