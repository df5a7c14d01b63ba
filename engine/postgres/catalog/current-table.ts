import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import { tableGone } from '../connection/reading-failure.ts'
import { closeClient, connectSource, type Source } from '../connection/source-connection.ts'
import { readSourceCatalog, type SourceTable } from './source-catalog.ts'

/**
 * The table as the catalog of the source has it now. Throws `source/table-gone` when there is none of its name, or it is
 * another one: that one is not in the publication before the next start.
 */
export async function currentTable(source: Source, table: SourceTable): Promise<SourceTable> {
  const client = await connectSource(source, { applicationName: 'tidemark load' })
  try {
    const name = sourceTableName(table)
    const [found] = await readSourceCatalog(client, [name]).catch((error: unknown) => {
      if (error instanceof PipelineError && error.code === 'source/no-tables') return []
      throw error
    })
    if (found === undefined) throw tableGone(table)
    if (found.oid === table.oid) return found
    throw new PipelineError(
      'source/table-gone',
      `${name} is another table now: the one of before was dropped or renamed`,
    )
  } finally {
    await closeClient(client)
  }
}
