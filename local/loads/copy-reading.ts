import { oversizeEntry } from '../../core/ports/oversize-entry.ts'
import type { QuarantineEntry } from '../../core/ports/ports.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { Source } from '../../engine/postgres/connection/source-connection.ts'
import { type LoadFilesOptions, writeLoadFiles } from '../../engine/postgres/copy/write-load-files.ts'
import { openSnapshot } from '../../engine/postgres/stream/snapshot.ts'
import type { TableLoadDeps } from './run-table-load.ts'

/** Reads tables of a source with COPY; a row that is too large for a file goes to `refuse`. */
export function copyReading(
  source: Source,
  options: Pick<LoadFilesOptions, 'connection' | 'engine' | 'files' | 'fileBytes' | 'now'>,
  refuse: (entry: QuarantineEntry) => Promise<void>,
): Pick<TableLoadDeps, 'openSnapshot' | 'read'> {
  return {
    openSnapshot: () => openSnapshot(source),
    read: (table, { snapshot, position, ...reading }) =>
      writeLoadFiles(source, snapshot, table, {
        ...options,
        ...reading,
        onOversize: async ({ members, bytes }) => {
          const change = { operation: 'load', position, committedAt: null, members } as const
          await refuse(oversizeEntry(sourceTableName(table), change, { bytes, isKeyOnly: true }))
        },
      }),
  }
}
