import { type NamedBlock, nameOfBlock, type PageRecord } from '../../core/ledger/ledger.ts'
import type { Page } from '../../core/page.ts'
import { MAX_ROW_JSON_BYTES } from '../../core/row-limit.ts'
import { formatPage } from '../../formatters/format-page.ts'
import type { Router } from '../../formatters/route.ts'

/* Not of marks, which stand for no change. */
const POSITION = /^\["(?!refused")[^"]*","([^"]*)"/

/** A page as format makes it today, and the position of each of its lake rows by block. */
export interface FormattedPage {
  readonly record: PageRecord
  readonly rows: readonly { readonly block: NamedBlock; readonly positions: readonly string[] }[]
}

/** Formats a raw page as the format loop does, and sends nothing anywhere. */
export function formattedPage(page: Page, route: Router): FormattedPage {
  const { contracts } = formatPage(page, route(page.table), MAX_ROW_JSON_BYTES)
  const rows: { block: NamedBlock; positions: readonly string[] }[] = []
  const shares = contracts.map(({ contract, blocks, refused: count }) => {
    const named = blocks.flatMap((block) => {
      const name = nameOfBlock(block)
      if (name !== undefined) rows.push({ block: name, positions: positionsIn(block.text) })
      return name ?? []
    })
    return { contract, blocks: named, refused: count, fresh: 0, filtered: 0 }
  })
  const { key, table, changes, firstPosition, lastPosition } = page
  return { record: { page: key, table, changes, firstPosition, lastPosition, shares }, rows }
}

function positionsIn(text: Buffer): readonly string[] {
  return text
    .toString('utf8')
    .split('\n')
    .flatMap((line) => POSITION.exec(line)?.[1] ?? [])
}
