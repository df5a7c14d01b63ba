import {
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  type PartitionError,
  type PartitionInput,
} from '@aws-sdk/client-glue'
import { PipelineError } from '../../core/failures/failures.ts'
import { asFailure, isTransient } from '../calls/call-aws.ts'
import { Attempts } from '../calls/retry.ts'
import { type GlueAccess, glueCall } from './glue-database.ts'

/* API reference: partitions of one call. */
const CREATE_AT_ONCE = 100
const DELETE_AT_ONCE = 25

export interface PartitionedTable {
  readonly database: string
  readonly table: string
}

/** Registers partitions; those that are there stay as they are. */
export function createPartitions(
  access: GlueAccess,
  { database: DatabaseName, table: TableName }: PartitionedTable,
  partitions: readonly PartitionInput[],
): Promise<void> {
  return inBatches(access, partitions, {
    size: CREATE_AT_ONCE,
    done: 'AlreadyExistsException',
    valuesOf: ({ Values = [] }) => Values,
    send: async (batch, abortSignal) => {
      const command = new BatchCreatePartitionCommand({
        DatabaseName,
        TableName,
        PartitionInputList: [...batch],
      })
      return (await access.client.send(command, { abortSignal })).Errors ?? []
    },
  })
}

/** Takes partitions away; those that are not there are passed over. */
export function deletePartitions(
  access: GlueAccess,
  { database: DatabaseName, table: TableName }: PartitionedTable,
  values: readonly (readonly string[])[],
): Promise<void> {
  return inBatches(access, values, {
    size: DELETE_AT_ONCE,
    done: 'EntityNotFoundException',
    valuesOf: (value) => value,
    send: async (batch, abortSignal) => {
      const PartitionsToDelete = batch.map((value) => ({ Values: [...value] }))
      const command = new BatchDeletePartitionCommand({ DatabaseName, TableName, PartitionsToDelete })
      return (await access.client.send(command, { abortSignal })).Errors ?? []
    },
  })
}

interface BatchCall<T> {
  readonly size: number
  /** The error of an item that is as it should be already. */
  readonly done: string
  readonly valuesOf: (item: T) => readonly string[]
  readonly send: (batch: readonly T[], signal: AbortSignal) => Promise<readonly PartitionError[]>
}

async function inBatches<T>(access: GlueAccess, items: readonly T[], call: BatchCall<T>): Promise<void> {
  for (let start = 0; start < items.length; start += call.size)
    await sendBatch(access, items.slice(start, start + call.size), call)
}

/* Glue answers 200 with the items that failed: these alone are sent again. */
async function sendBatch<T>(access: GlueAccess, batch: readonly T[], call: BatchCall<T>): Promise<void> {
  const attempts = new Attempts(access.retry)
  let left = batch
  for (;;) {
    let cause: unknown
    try {
      const errors = (await call.send(left, attempts.signal)).filter(
        ({ ErrorDetail }) => ErrorDetail?.ErrorCode !== call.done,
      )
      const refused = errors.find(({ ErrorDetail }) => !isTransient(namedError(ErrorDetail?.ErrorCode)))
      if (refused !== undefined)
        throw new PipelineError('aws/refused', `Glue: ${refused.ErrorDetail?.ErrorCode ?? 'unknown error'}`)
      const failed = new Set(errors.map(({ PartitionValues }) => JSON.stringify(PartitionValues)))
      const again = left.filter((item) => failed.has(JSON.stringify(call.valuesOf(item))))
      if (again.length === 0) return
      if (again.length < left.length) attempts.progressed()
      left = again
    } catch (error) {
      if (!isTransient(error)) throw asFailure(glueCall, error)
      cause = error
    }
    if (!(await attempts.again())) throw asFailure(glueCall, cause)
  }
}

function namedError(name = ''): Error {
  return Object.assign(new Error(name), { name })
}
