import * as z from 'zod'
import {
  printAnyVersion,
  readTableVersion,
  type TableVersion,
} from '../../core/contract/language/table-version.ts'
import { type FailureCode, failures, PipelineError } from '../../core/failures/failures.ts'
import type { Item, ItemKey } from '../../core/ports/item-table.ts'
import type { QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'

const code = z.custom<FailureCode>((value) => typeof value === 'string' && Object.hasOwn(failures, value))
const header = z.object({
  id: z.string(),
  stage: z.enum(['capture', 'format', 'landing']),
  table: z.string().nullable(),
  contract: z.string().nullable().transform(contractOf),
  position: z.string().nullable(),
  reasons: z.array(z.object({ code, path: z.string(), message: z.string() })),
  encoding: z.enum(['json', 'base64']),
})
const storedItem = z.object({
  header: z.string(),
  since: z.string(),
  arrival: z.string(),
  digest: z.string(),
  expires: z.number().optional(),
  payload: z.instanceof(Uint8Array).optional(),
  parts: z.number().optional(),
  left: z.string().optional(),
})

/** An entry as it is stored, its payload deflated and perhaps in parts. */
export interface StoredEntry {
  readonly entry: Omit<WaitingEntry, 'payload'>
  /** Sorts as entries came; also names the parts, so that those of an earlier stay are other ones. */
  readonly arrival: string
  readonly digest: string
  /** Epoch seconds; undefined where it waits without end. */
  readonly expires: number | undefined
  readonly payload: Buffer | undefined
  readonly parts: number
  /** It was released, and what remains of it is being removed. */
  readonly hasLeft: boolean
}

/** The attributes of an entry beside its payload. */
export function waitingItem(
  entry: QuarantineEntry,
  more: { since: string; arrival: string; digest: string; expires?: number },
): Item {
  const { payload: _, ...rest } = entry
  return { ...keyOfEntry(entry.id), header: headerOf(rest), ...more }
}

/** The item of a stored entry without its payload. */
export function itemOfStored({ entry, arrival, digest, expires, parts }: StoredEntry): Item {
  const { since, ...rest } = entry
  return {
    ...keyOfEntry(entry.id),
    header: headerOf(rest),
    since,
    arrival,
    digest,
    ...(expires === undefined ? {} : { expires }),
    ...(parts === 0 ? {} : { parts }),
  }
}

/** Throws `quarantine/unavailable` for an item of another form. */
export function storedEntryOf(item: Item): StoredEntry {
  try {
    const found = storedItem.parse(item)
    return {
      entry: { ...header.parse(JSON.parse(found.header)), since: found.since },
      arrival: found.arrival,
      digest: found.digest,
      expires: found.expires,
      payload: found.payload === undefined ? undefined : Buffer.from(found.payload),
      parts: found.parts ?? 0,
      hasLeft: found.left !== undefined,
    }
  } catch {
    /* Without the cause: it would quote the item. */
    throw new PipelineError('quarantine/unavailable', 'an item of quarantine has another form')
  }
}

/* Here alone a contract is text. */
function headerOf(entry: Omit<QuarantineEntry, 'payload'>): string {
  return JSON.stringify({ ...entry, contract: printAnyVersion(entry.contract) })
}

function contractOf(text: string | null, context: z.RefinementCtx): TableVersion | null {
  const found = text === null ? null : readTableVersion(text)
  if (found !== undefined) return found
  context.addIssue('no contract')
  return z.NEVER
}

export function keyOfEntry(id: string): ItemKey {
  return { pk: `entry#${id}`, sk: 'entry' }
}

/** The place in the order of arrival, of one source table or of the entries of none. */
export function placeKey(table: string | null): string {
  return `arrived#${table ?? ''}`
}

export function payloadParts(id: string, arrival: string): string {
  return `payload#${arrival}#${id}`
}
