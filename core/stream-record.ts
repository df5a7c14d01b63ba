import type { FailureCode } from './failures/failures.ts'

/**
 * One record of a change stream, as Kinesis hands it over.
 * `sequence` is unique within its shard and says nothing about commit order; a redelivered
 * record may carry another one.
 */
export interface StreamRecord {
  readonly sequence: string
  readonly partitionKey: string
  readonly data: Buffer
  /** Why the change must not be read as what it says: it waits in quarantine, whole. */
  readonly refusal?: { readonly code: FailureCode; readonly message: string }
}
