import type { ItemRange } from '../../core/ports/item-table.ts'
import type { PositionRange } from '../../core/ports/ports.ts'

/** The items of a partition whose sort keys begin with a page's first position: pages that begin in the range. */
export function between({ from, to }: PositionRange): ItemRange {
  /* `$` is the character after `#`, which follows the position; `~` is after every digit of one. */
  return { from: from ?? ' ', to: to === undefined ? '~' : `${to}$` }
}
