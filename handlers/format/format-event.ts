import * as z from 'zod'
import type { DynamoRawStore } from '../../aws/dynamo/dynamo-raw-store.ts'
import type { BatchResponse } from '../runtime/lambda-stage.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { type RequestAnswer, runRequest } from '../runtime/run-request.ts'
import { type FormatHeadsDeps, formatHeads } from './format-heads.ts'
import { streamHeads } from './stream-heads.ts'

export interface FormatEventDeps extends FormatHeadsDeps {
  readonly store: Pick<DynamoRawStore, 'page' | 'find'>
  /** Heads are worked on together up to this size. */
  readonly maxBytes: number
}

/** An operator's request: keys of pages to format again. */
const again = z.strictObject({ pages: z.array(z.string().min(1).max(2_048)).min(1).max(1_000) })

/**
 * Formats what an event of the raw table's stream shows, or the pages that an operator names: their blocks are delivered
 * again, which no query sees (G3), and the ledger expects them anew. Throws ZodError for another event.
 */
export async function formatEvent(
  event: unknown,
  deps: FormatEventDeps,
): Promise<BatchResponse | RequestAnswer> {
  const { stage, store, maxBytes } = deps
  const request = again.safeParse(event)
  if (!request.success)
    return runInOrder(streamHeads(event), { maxBytes, work: (heads) => formatHeads(heads, deps) }, stage)
  const one = async (key: string) => {
    const item = await store.find(key)
    if (item !== undefined) await formatHeads([{ item, writtenAt: undefined }], deps)
    return item !== undefined
  }
  return runRequest(request.data.pages, one, stage)
}
