import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteTableCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GetTablesCommand,
  type GlueClient,
  type Table,
  type TableInput,
} from '@aws-sdk/client-glue'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

export interface GlueAccess {
  readonly client: GlueClient
  readonly retry: RetryPolicy
}

export const glueCall: CallName = { code: 'aws/unavailable', what: 'Glue' }

/** Sends one request with the policy's retries. */
export function callGlue<T>(
  { client, retry }: GlueAccess,
  send: (client: GlueClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  return callAws(glueCall, retry, (abortSignal) => send(client, { abortSignal }))
}

/** The value of `send`, or `otherwise` when Glue answers with an error of that name. */
export async function unless<T, U>(name: string, send: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await send
  } catch (error) {
    if (isNamed(error, name)) return otherwise
    throw error
  }
}

export async function makeDatabase(access: GlueAccess, Name: string): Promise<void> {
  const command = new CreateDatabaseCommand({ DatabaseInput: { Name } })
  await callGlue(access, (client, options) =>
    unless('AlreadyExistsException', client.send(command, options), undefined),
  )
}

/** A table as Glue has it; undefined when it has none. */
export async function findTable(
  access: GlueAccess,
  DatabaseName: string,
  Name: string,
): Promise<Table | undefined> {
  const command = new GetTableCommand({ DatabaseName, Name })
  const found = await callGlue(access, (client, options) =>
    unless('EntityNotFoundException', client.send(command, options), undefined),
  )
  return found?.Table
}

export async function createTable(
  access: GlueAccess,
  DatabaseName: string,
  TableInput: TableInput,
): Promise<void> {
  const command = new CreateTableCommand({ DatabaseName, TableInput })
  await callGlue(access, (client, options) =>
    unless('AlreadyExistsException', client.send(command, options), undefined),
  )
}

/** Its partitions go with it, some time after. */
export async function deleteTable(access: GlueAccess, DatabaseName: string, Name: string): Promise<void> {
  const command = new DeleteTableCommand({ DatabaseName, Name })
  await callGlue(access, (client, options) =>
    unless('EntityNotFoundException', client.send(command, options), undefined),
  )
}

/** All tables of a database; none when there is no such database. */
export async function listTables(access: GlueAccess, DatabaseName: string): Promise<readonly Table[]> {
  const tables: Table[] = []
  let NextToken: string | undefined
  do {
    const page = NextToken === undefined ? {} : { NextToken }
    const command = new GetTablesCommand({ DatabaseName, ...page })
    const found = await callGlue(access, (client, options) =>
      unless('EntityNotFoundException', client.send(command, options), undefined),
    )
    tables.push(...(found?.TableList ?? []))
    NextToken = found?.NextToken
  } while (NextToken !== undefined)
  return tables
}

/** Values of the partition columns of each partition, sorted. */
export async function listPartitions(
  access: GlueAccess,
  DatabaseName: string,
  TableName: string,
): Promise<readonly (readonly string[])[]> {
  const values: (readonly string[])[] = []
  let NextToken: string | undefined
  do {
    const page = NextToken === undefined ? {} : { NextToken }
    const command = new GetPartitionsCommand({
      DatabaseName,
      TableName,
      ExcludeColumnSchema: true,
      ...page,
    })
    const found = await callGlue(access, (client, options) =>
      unless('EntityNotFoundException', client.send(command, options), undefined),
    )
    for (const { Values = [] } of found?.Partitions ?? []) values.push(Values)
    NextToken = found?.NextToken
  } while (NextToken !== undefined)
  return values.sort((one, other) => (one.join('\0') < other.join('\0') ? -1 : 1))
}
