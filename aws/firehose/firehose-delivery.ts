import { type FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose'
import type { Block } from '../../core/block.ts'
import type { Delivery } from '../../core/ports/ports.ts'
import { asFailure, type CallName, isTransient } from '../calls/call-aws.ts'
import { Attempts, type RetryPolicy } from '../calls/retry.ts'
import { packCalls, packRecords, type RecordData, recordBytes } from './pack-records.ts'

export interface FirehoseDeliverySettings {
  readonly client: FirehoseClient
  readonly stream: string
  readonly retry: RetryPolicy
}

/**
 * Delivery on a Firehose stream without format conversion. Keeps the guarantees of `Delivery`: Firehose has every block
 * when `put` resolves. Records that it did not take are sent again, alone; a call that throws may have sent some.
 */
export class FirehoseDelivery implements Delivery {
  readonly maxBlockBytes = recordBytes
  private readonly settings: FirehoseDeliverySettings
  private readonly call: CallName

  constructor(settings: FirehoseDeliverySettings) {
    this.settings = settings
    this.call = { code: 'delivery/unavailable', what: `delivery stream ${settings.stream}` }
  }

  async put(blocks: readonly Block[]): Promise<void> {
    for (const records of packCalls(packRecords(blocks))) await this.send(records)
  }

  private async send(records: readonly RecordData[]): Promise<void> {
    const { client, stream, retry } = this.settings
    const attempts = new Attempts(retry)
    let left = records
    for (;;) {
      let cause: unknown
      try {
        const command = new PutRecordBatchCommand({
          DeliveryStreamName: stream,
          Records: left.map((Data) => ({ Data })),
        })
        const { RequestResponses = [], FailedPutCount = 0 } = await client.send(command, {
          abortSignal: attempts.signal,
        })
        if (FailedPutCount === 0 && RequestResponses.length === left.length) return
        /* Answers stand in the order of the records; a record without one was not taken. */
        const failed = left.filter((_, index) => RequestResponses[index]?.RecordId === undefined)
        if (failed.length === 0) return
        if (failed.length < left.length) attempts.progressed()
        left = failed
      } catch (error) {
        if (!isTransient(error)) throw asFailure(this.call, error)
        cause = error
      }
      if (!(await attempts.again())) throw asFailure(this.call, cause)
    }
  }
}
