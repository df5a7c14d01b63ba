import {
  CreateTableCommand,
  GetDatabaseCommand,
  type Table,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue'
import { PipelineError } from '../../core/failures/failures.ts'
import { isNamed } from '../calls/call-aws.ts'
import { callGlue, deleteTable, type GlueAccess, listTables, makeDatabase, unless } from './glue-database.ts'

/**
 * The part of Glue that a catalog plan reads and writes. Concurrency: a table that is not as it was read is left alone,
 * `catalog/changed`. Duplicates: making a database or deleting a table that is gone changes nothing.
 */
export interface GlueTables {
  hasDatabase(database: string): Promise<boolean>
  makeDatabase(database: string): Promise<void>
  /** None when there is no such database. */
  list(database: string): Promise<readonly Table[]>
  create(database: string, input: TableInput): Promise<void>
  /** Replaces the whole definition of the table that was read as `before`. */
  update(database: string, input: TableInput, before: Table): Promise<void>
  delete(database: string, name: string): Promise<void>
}

/** `GlueTables` on Glue. Old definitions are not archived: they count towards a quota of the account. */
export function glueTables(access: GlueAccess): GlueTables {
  return {
    hasDatabase: async (Name) => {
      const command = new GetDatabaseCommand({ Name })
      const found = await callGlue(access, (client, options) =>
        unless('EntityNotFoundException', client.send(command, options), undefined),
      )
      return found !== undefined
    },
    makeDatabase: (name) => makeDatabase(access, name),
    list: (database) => listTables(access, database),
    create: (DatabaseName, TableInput) =>
      unchanged(TableInput, 'AlreadyExistsException', () =>
        callGlue(access, (client, options) =>
          client.send(new CreateTableCommand({ DatabaseName, TableInput }), options),
        ),
      ),
    update: (DatabaseName, TableInput, { VersionId }) => {
      const version = VersionId === undefined ? {} : { VersionId }
      const command = new UpdateTableCommand({ DatabaseName, TableInput, SkipArchive: true, ...version })
      return unchanged(TableInput, 'ConcurrentModificationException', () =>
        callGlue(access, (client, options) => client.send(command, options)),
      )
    },
    delete: (database, name) => deleteTable(access, database, name),
  }
}

/* After an answer that was lost the repetition may meet our own success; planning again shows that nothing is left. */
async function unchanged({ Name }: TableInput, error: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await send()
  } catch (cause) {
    if (cause instanceof PipelineError && isNamed(cause.cause, error))
      throw new PipelineError('catalog/changed', `${Name} was changed since the plan; plan again`, { cause })
    throw cause
  }
}
