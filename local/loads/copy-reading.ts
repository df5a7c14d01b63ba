import { oversizeEntry } from '../../core/ports/oversize-entry.ts'
import type { Clock, ObjectFiles, QuarantineEntry, SqlEngine } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { KeptConnection } from '../../engine/postgres/connection/kept-connection.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { writeLoadFiles } from '../../engine/postgres/copy/write-load-files.ts'
import { openSnapshot } from '../../engine/postgres/stream/snapshot.ts'
import type { TableLoadDeps } from './run-table-load.ts'

export interface CopyReadingDeps {
  readonly source: Source
  /** Reads one table after the other. */
  readonly connection: KeptConnection
  readonly files: ObjectFiles
  readonly engine: SqlEngine
  /** Puts what a load could not take into quarantine. */
  readonly refuse: (entry: QuarantineEntry) => Promise<void>
  readonly now: Clock
  /** Bytes of COPY's text for each file; the writer's own when left out. */
  readonly fileBytes?: number | undefined
}

/** Reads tables of a source with COPY (`writeLoadFiles`). */
export function copyReading({
  source,
  refuse,
  fileBytes,
  ...deps
}: CopyReadingDeps): Pick<TableLoadDeps, 'openSnapshot' | 'read'> {
  return {
    openSnapshot: () => openSnapshot(source),
    read: (table, { snapshot, position, ...reading }) =>
      writeLoadFiles(source, snapshot, table, {
        ...{ ...deps, ...reading },
        ...(fileBytes === undefined ? {} : { fileBytes }),
        onOversize: async ({ members, bytes }) => {
          const change = { operation: 'load', position, committedAt: null, members } as const
          await refuse(oversizeEntry(sourceTableName(table), change, { bytes, isKeyOnly: true }))
        },
      }),
  }
}
