import { createHash } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { parseJsonObject } from '../../core/json.ts'
import { type Page, pageLimits } from '../../core/page.ts'
import type { Item } from './dynamo-table.ts'
import { digestOf, partCount } from './item-parts.ts'

/*
 * A partition of DynamoDB takes 1,000 write units a second, so the pages of one table are spread over this many. It is
 * part of every key: another number would store a redelivered page twice.
 */
const SPREAD = 16
const DAY_SECONDS = 86_400

const text = z.object({ S: z.string() })
const number = z.object({ N: z.string().regex(/^\d{1,15}$/) })
const bytes = z.object({ B: z.instanceof(Uint8Array) })
const headItem = z.object({
  table: text,
  sk: text,
  first: text,
  last: text,
  changes: number,
  committed: number.optional(),
  digest: text,
  content: bytes.optional(),
  parts: number.optional(),
})

/** A stored page: whole, or where its content lies. */
export interface PageHead {
  readonly page: Omit<Page, 'content'>
  /** When its last change was committed, epoch milliseconds; null for rows of a load. */
  readonly committedAt: number | null
  readonly digest: string
  readonly content: Buffer | undefined
  readonly parts: number
}

/** The partitions that the pages of a table lie in. */
export function partitionsOf(table: string): readonly string[] {
  return Array.from({ length: SPREAD }, (_, index) => partitionName(table, index))
}

/**
 * The item of a page. It is made of the page alone, to the last byte: an equal put emits no stream record, and nothing
 * tells two deliveries apart, the time of expiry neither.
 */
export function pageItem(page: Page, retentionDays: number): Item {
  const { table, firstPosition, lastPosition, changes, content } = page
  const parts = partCount(content)
  const committedAt = lastCommitOf(page)
  const { pk, sk } = placeOfPage(page)
  return {
    ...{ pk: { S: pk }, sk: { S: sk } },
    table: { S: table },
    first: { S: firstPosition },
    last: { S: lastPosition },
    changes: { N: String(changes) },
    ...(committedAt === null ? {} : { committed: { N: String(committedAt) } }),
    digest: { S: digestOf(content) },
    ...(parts === 0 ? { content: { B: content } } : { parts: { N: String(parts) } }),
    ...expiryAfter(committedAt, retentionDays),
  }
}

/** The key of a page's item. */
export function placeOfPage({ key, table }: Pick<Page, 'key' | 'table'>): { pk: string; sk: string } {
  const index = createHash('sha256').update(key).digest().readUInt16BE() % SPREAD
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
export function expiryOf(page: Page, retentionDays: number): Item {
  return expiryAfter(lastCommitOf(page), retentionDays)
}

function expiryAfter(committedAt: number | null, retentionDays: number): Item {
  if (committedAt === null) return {}
  return { expires: { N: String(Math.floor(committedAt / 1_000) + retentionDays * DAY_SECONDS) } }
}

/* Epoch milliseconds. */
function lastCommitOf(page: Page): number | null {
  const { maxBytes, targetBytes } = pageLimits
  try {
    const lines = inflateRawSync(page.content, { maxOutputLength: maxBytes + targetBytes })
    const start = lines.lastIndexOf(10, lines.length - 2) + 1
    const committedAt = parseJsonObject(lines.toString('utf8', start, lines.length - 1))['committed-at']
    return typeof committedAt === 'string' ? Date.parse(committedAt) : null
  } catch (cause) {
    throw new PipelineError('raw/corrupt', `page ${page.key}: its last change cannot be read`, { cause })
  }
}

/** What an item of the raw store says, from a query or from the stream's image. Throws `raw/corrupt` for another one. */
export function headOfItem(item: Item): PageHead {
  const parsed = headItem.safeParse(item)
  if (!parsed.success)
    throw new PipelineError('raw/corrupt', 'an item of the raw store is no page', { cause: parsed.error })
  const { table, sk, first, last, changes, committed, digest, content, parts } = parsed.data
  const key = `${table.S}#${sk.S}`
  const page = {
    key,
    table: table.S,
    firstPosition: first.S,
    lastPosition: last.S,
    changes: Number(changes.N),
  }
  const whole = content === undefined ? undefined : Buffer.from(content.B)
  if (whole !== undefined && digestOf(whole) !== digest.S)
    throw new PipelineError('raw/corrupt', `page ${key}: other bytes than were written`)
  const committedAt = committed === undefined ? null : Number(committed.N)
  return { page, committedAt, digest: digest.S, content: whole, parts: Number(parts?.N ?? 0) }
}

function partitionName(table: string, index: number): string {
  return `${table}#${index.toString(16)}`
}
