import * as z from 'zod'
import { type FailureCode, failures, PipelineError } from '../../core/failures/failures.ts'
import type { QuarantineEntry, WaitingEntry } from '../../core/ports/ports.ts'
import type { Item } from './dynamo-table.ts'

const code = z.custom<FailureCode>((value) => typeof value === 'string' && Object.hasOwn(failures, value))
const header = z.object({
  id: z.string(),
  stage: z.enum(['capture', 'format', 'landing']),
  table: z.string().nullable(),
  contract: z.string().nullable(),
  position: z.string().nullable(),
  reasons: z.array(z.object({ code, path: z.string(), message: z.string() })),
  encoding: z.enum(['json', 'base64']),
})
const text = z.object({ S: z.string() })
const number = z.object({ N: z.string() })
const storedItem = z.object({
  header: text,
  since: text,
  arrival: text,
  digest: text,
  expires: number,
  payload: z.object({ B: z.instanceof(Uint8Array) }).optional(),
  parts: number.optional(),
  left: text.optional(),
})

/** An entry as it is stored, its payload deflated and perhaps in parts. */
export interface StoredEntry {
  readonly entry: Omit<WaitingEntry, 'payload'>
  /** Sorts as entries came; also names the parts, so that those of an earlier stay are other ones. */
  readonly arrival: string
  readonly digest: string
  /** Epoch seconds. */
  readonly expires: number
  readonly payload: Buffer | undefined
  readonly parts: number
  /** It was released, and what remains of it is being removed. */
  readonly hasLeft: boolean
}

/** The attributes of an entry beside its payload. */
export function waitingItem(
  entry: QuarantineEntry,
  { since, arrival, digest, expires }: { since: string; arrival: string; digest: string; expires: number },
): Item {
  const { payload: _, ...rest } = entry
  return {
    pk: { S: entryName(entry.id) },
    sk: { S: 'entry' },
    header: { S: JSON.stringify(rest) },
    since: { S: since },
    arrival: { S: arrival },
    digest: { S: digest },
    expires: { N: String(expires) },
  }
}

/** Throws `quarantine/unavailable` for an item of another form. */
export function storedEntryOf(item: Item): StoredEntry {
  try {
    const found = storedItem.parse(item)
    return {
      entry: { ...header.parse(JSON.parse(found.header.S)), since: found.since.S },
      arrival: found.arrival.S,
      digest: found.digest.S,
      expires: Number(found.expires.N),
      payload: found.payload === undefined ? undefined : Buffer.from(found.payload.B),
      parts: Number(found.parts?.N ?? 0),
      hasLeft: found.left !== undefined,
    }
  } catch {
    /* Without the cause: it would quote the item. */
    throw new PipelineError('quarantine/unavailable', 'an item of quarantine has another form')
  }
}

export function entryName(id: string): string {
  return `entry#${id}`
}

/** The place in the order of arrival, of one source table or of the entries of none. */
export function placeKey(table: string | null): string {
  return `arrived#${table ?? ''}`
}

export function payloadParts(id: string, arrival: string): string {
  return `payload#${arrival}#${id}`
}
