import type { CatalogEntry } from '../../core/ports/catalog-entry.ts'
import type { QuarantineEntry, Reason } from '../../core/ports/ports.ts'

/* Of changes that would reach rows that are not theirs, or leave a row behind: until a load has read the table since. */
const UNTIL_LOADED: readonly string[] = ['capture/other-table', 'capture/no-old-key']

/** Why an entry must wait until its table is loaded again; undefined for one that waits for something else. */
export function heldUntilLoaded({
  position,
  reasons,
}: Pick<QuarantineEntry, 'position' | 'reasons'>): Reason | undefined {
  return position === null ? undefined : reasons.find(({ code }) => UNTIL_LOADED.includes(code))
}

/** Whether a load that began behind the entry's change has read its table whole. */
export function isLoadedSince(
  { table, position }: Pick<QuarantineEntry, 'table' | 'position'>,
  entries: readonly CatalogEntry[],
): boolean {
  return (
    position !== null &&
    entries.some(
      (entry) =>
        entry.table.source === table &&
        entry.floors.some((floor) => floor.reason === 'load' && floor.position >= position),
    )
  )
}
