import { hash } from 'node:crypto'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { Page, PageHeader } from '../../core/page.ts'
import type { Item, ItemKey, ItemShape } from '../../core/ports/item-table.ts'
import { digestOf, partCount } from '../item-parts.ts'

const DAY_SECONDS = 86_400

const count = z.number().int().min(0)
const headItem = z.object({
  table: z.string(),
  sk: z.string(),
  first: z.string(),
  last: z.string(),
  digest: z.string(),
  changes: count,
  committed: count.optional(),
  parts: count.optional(),
  content: z.instanceof(Uint8Array).optional(),
})

/** A stored page: whole, or where its content lies. */
export interface PageHead {
  readonly page: PageHeader
  readonly digest: string
  readonly content: Buffer | undefined
  readonly parts: number
}

/** The partitions that the pages of a table lie in. */
export function partitionsOf(table: string, { spread }: ItemShape): readonly string[] {
  return Array.from({ length: spread }, (_, index) => partitionName(table, index))
}

/**
 * The item of a page. It is made of the page alone, to the last byte: an equal put emits no stream record, and nothing
 * tells two deliveries apart, the time of expiry neither.
 */
export function pageItem(page: Page, shape: ItemShape, retentionDays: number | null): Item {
  const { table, firstPosition, lastPosition, changes, committedAt, content } = page
  const parts = partCount(content, shape)
  return {
    ...placeOfPage(page, shape),
    table,
    first: firstPosition,
    last: lastPosition,
    changes,
    ...(committedAt === null ? {} : { committed: committedAt }),
    digest: digestOf(content),
    ...(parts === 0 ? { content } : { parts }),
    ...expiryOf(page, retentionDays),
  }
}

/** The key of a page's item. */
export function placeOfPage({ key, table }: Pick<Page, 'key' | 'table'>, { spread }: ItemShape): ItemKey {
  const index = hash('sha256', key, 'buffer').readUInt16BE() % spread
  return { pk: partitionName(table, index), sk: key.slice(table.length + 1) }
}

/** The name of the parts of a page. */
export function partsName(key: string, digest: string): string {
  return `parts#${digest}#${key}`
}

/**
 * The TTL attribute: days after the commit of the page's last change. Rows of a load have no commit time; a page of
 * nothing else does not expire by itself.
 */
export function expiryOf(
  { committedAt }: Pick<Page, 'committedAt'>,
  retentionDays: number | null,
): { readonly expires?: number } {
  if (committedAt === null || retentionDays === null) return {}
  return { expires: Math.floor(committedAt / 1_000) + retentionDays * DAY_SECONDS }
}

/** What an item of the raw store says, from a query or from the stream's image. Throws `raw/corrupt` for another one. */
export function headOfItem(item: Item, { isVerified }: Pick<ItemShape, 'isVerified'>): PageHead {
  const parsed = headItem.safeParse(item)
  if (!parsed.success)
    throw new PipelineError('raw/corrupt', 'an item of the raw store is no page', { cause: parsed.error })
  const { table, sk, first, last, changes, committed = null, digest, content, parts = 0 } = parsed.data
  const key = `${table}#${sk}`
  const page = { key, table, firstPosition: first, lastPosition: last, changes, committedAt: committed }
  const whole =
    content === undefined ? undefined : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (whole !== undefined && !isVerified && digestOf(whole) !== digest)
    throw new PipelineError('raw/corrupt', `page ${key}: other bytes than were written`)
  return { page, digest, content: whole, parts }
}

function partitionName(table: string, index: number): string {
  return `${table}#${index.toString(16)}`
}
