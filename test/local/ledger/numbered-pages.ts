import type { NamedBlock, PageRecord } from '../../../core/ledger/ledger.ts'
import { type Page, pageOfKey } from '../../../core/page.ts'
import { formatPosition } from '../../../core/position.ts'

export const source = 'a.t'
export const contract = { name: 'a.t', version: 1 }

/** A page of five changes, two of them refused, by its number, with content of a size of its own. */
export function numberedPage(number: number): Page {
  const position = formatPosition({ epoch: 1, lsn: BigInt(number), ordinal: 1, step: 0 })
  const page = pageOfKey(`${source}#${position}#${position}#shard#${number}#0#5`)
  if (page === undefined) throw new Error('no page')
  return { ...page, committedAt: 0, content: Buffer.alloc(1_000 + ((number * 7_919) % 60_000), number) }
}

/** What format makes of it: two blocks. */
export function numberedRecord(number: number): PageRecord {
  const { key: page, table, changes, firstPosition, lastPosition } = numberedPage(number)
  const range = { first: firstPosition, last: lastPosition }
  const blocks = [1, 2].map((size, ordinal): NamedBlock => {
    const block = { contract, origin: 'page', page, ordinal, changes: size, rows: size } as const
    return { ...block, ...range, digest: `${size}` }
  })
  const shares = [{ contract, blocks, refused: 2, fresh: 2, filtered: 0 }]
  return { page, table, changes, firstPosition, lastPosition, shares }
}
