import type { RedriveResult, RequestAnswer } from '../../core/operations/answers.ts'
import { pagesRequest, redriveRequest } from '../../core/operations/stack-requests.ts'
import type { ItemRawStore } from '../../state/raw-store/item-raw-store.ts'
import type { BatchResponse } from '../runtime/lambda-stage.ts'
import { runInOrder } from '../runtime/run-in-order.ts'
import { runRequest } from '../runtime/run-request.ts'
import { type FormatHeadsDeps, formatHeads } from './format-heads.ts'
import { type RedriveEventDeps, redriveEvent } from './redrive-event.ts'
import { streamHeads } from './stream-heads.ts'

export interface FormatEventDeps extends FormatHeadsDeps, RedriveEventDeps {
  readonly quarantine: RedriveEventDeps['quarantine']
  readonly ledger: FormatHeadsDeps['ledger'] & RedriveEventDeps['ledger']
  readonly store: Pick<ItemRawStore, 'page' | 'find'>
  /** Heads are worked on together up to this size. */
  readonly maxBytes: number
}

/**
 * Formats what an event of the raw table's stream shows, or what an operator asks for: pages, whose blocks are delivered
 * again, which no query sees (G3), and the ledger expects them anew; or changes of quarantine. Throws ZodError for another
 * event.
 */
export async function formatEvent(
  event: unknown,
  deps: FormatEventDeps,
): Promise<BatchResponse | RequestAnswer | RedriveResult> {
  const { stage, store, maxBytes } = deps
  const waiting = redriveRequest.safeParse(event)
  if (waiting.success) return redriveEvent(waiting.data.redrive, deps)
  const request = pagesRequest.safeParse(event)
  if (!request.success)
    return runInOrder(
      streamHeads(event),
      { maxBytes, work: (heads) => formatHeads(heads, deps, false) },
      stage,
    )
  const one = async (key: string) => {
    const item = await store.find(key)
    if (item !== undefined) await formatHeads([{ item, writtenAt: undefined }], deps, true)
    return item !== undefined
  }
  return runRequest(request.data.pages, one, stage)
}
