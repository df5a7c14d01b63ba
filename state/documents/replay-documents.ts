import { tableVersionKey } from '../../core/contract/language/table-version.ts'
import type { Documents } from '../../core/ports/documents.ts'
import { type Replay, type ReplayLedger, replayDocument } from '../../core/replay/replay.ts'
import { readEach } from './read-each.ts'

/** Replays as documents, one each, named by table, version and revision. Keeps the guarantees of `ReplayLedger`. */
export class ReplayDocuments implements ReplayLedger {
  private readonly documents: Documents

  constructor(documents: Documents) {
    this.documents = documents
  }

  async replace(replay: Replay): Promise<void> {
    const revision = String(replay.revision).padStart(6, '0')
    await this.documents.put(`${prefixOf(replay.table, replay.version)}${revision}`, replay)
  }

  of(table: string, version: number): Promise<readonly Replay[]> {
    return this.below(prefixOf(table, version))
  }

  all(): Promise<readonly Replay[]> {
    return this.below('replays/')
  }

  private async below(prefix: string): Promise<readonly Replay[]> {
    const found = await readEach(await this.documents.list(prefix), (key) =>
      this.documents.get(key, replayDocument),
    )
    return found.toSorted((one, other) => one.revision - other.revision)
  }
}

function prefixOf(table: string, version: number): string {
  return `replays/${tableVersionKey({ name: table, version })}.r`
}
