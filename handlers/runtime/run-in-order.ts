import { PipelineError } from '../../core/failures/failures.ts'
import type { BatchResponse, LambdaStage } from './lambda-stage.ts'

/** A record of a shard: its sequence number, never empty, and roughly its size. */
export interface OrderedRecord {
  readonly sequence: string
  readonly bytes: number
}

export interface OrderedWork<R> {
  /** Records are worked on together up to this size; a larger one alone. */
  readonly maxBytes: number
  /** All records are done when it resolves; doing some of them again changes nothing. */
  readonly work: (records: readonly R[]) => Promise<void>
}

/**
 * Works through the records of one shard in their order, until the first that is not done: Lambda hands over again
 * everything from its sequence number on, the lowest that failed. It stops so at an error and when time is over. A
 * group that fails for good is tried record by record, so that those before the bad one are done.
 */
export async function runInOrder<R extends OrderedRecord>(
  records: readonly R[],
  { maxBytes, work }: OrderedWork<R>,
  stage: LambdaStage,
): Promise<BatchResponse> {
  for (const group of groupsOf(records, maxBytes)) {
    const failed = await firstFailed(group, work, stage)
    if (failed !== undefined) return { batchItemFailures: [{ itemIdentifier: failed.sequence }] }
  }
  return { batchItemFailures: [] }
}

async function firstFailed<R extends OrderedRecord>(
  group: readonly R[],
  work: OrderedWork<R>['work'],
  stage: LambdaStage,
): Promise<R | undefined> {
  const [first] = group
  if (first === undefined) return undefined
  if (stage.isOver) {
    stage.log.warn('stage.deadline', { sequence: first.sequence })
    return first
  }
  try {
    await work(group)
    return undefined
  } catch (error) {
    stage.failed(error, { sequence: first.sequence, records: group.length })
    const mayPass = error instanceof PipelineError && error.action === 'retry'
    if (group.length === 1 || mayPass) return first
  }
  for (const record of group) {
    const failed = await firstFailed([record], work, stage)
    if (failed !== undefined) return failed
  }
  return undefined
}

function* groupsOf<R extends OrderedRecord>(
  records: readonly R[],
  maxBytes: number,
): Generator<readonly R[]> {
  let held: R[] = []
  let bytes = 0
  for (const record of records) {
    if (held.length > 0 && bytes + record.bytes > maxBytes) {
      yield held
      held = []
      bytes = 0
    }
    held.push(record)
    bytes += record.bytes
  }
  if (held.length > 0) yield held
}
