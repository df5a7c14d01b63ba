import { lambdaClient } from '../../aws/calls/clients.ts'
import { readFunction } from '../../aws/lambda/read-function.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { outputsOf } from '../stack.ts'
import { askingRetry as retry } from './pipeline-probes.ts'
import type { StackSession } from './stack-session.ts'

/**
 * Source tables of the database that DMS reads, by name: of its system, which the function `loads` is told of. Throws
 * `stack/incomplete` when nothing says which system that is.
 */
export async function capturedTables({ stack, tables, data }: StackSession): Promise<readonly string[]> {
  const systems = [...new Set(tables.map(({ source }) => source.system))]
  const { functions } = outputsOf(stack, 'data', ['functions'])
  const client = data().client(lambdaClient)
  const loads =
    functions.loads === undefined ? undefined : await readFunction({ client, retry }, functions.loads)
  const read = loads?.environment['TIDEMARK_SYSTEMS']?.split(',') ?? (systems.length === 1 ? systems : [])
  if (read.length === 0)
    throw new PipelineError('stack/incomplete', 'no function loads says which system its database is')
  const own = tables.filter(({ source }) => read.includes(source.system))
  return [...new Set(own.map(({ source }) => source.table))].toSorted()
}
