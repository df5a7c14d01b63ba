import { sql } from '../../../core/check.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'
import type { Unfit } from './judge-identity.ts'
import { addingStatements, publishedName } from './publication-names.ts'
import type { PublicationState } from './publication-state.ts'
import type { LeftOutTable } from './table-rules.ts'

/**
 * Of tables those that a publication carries whole or can be given, and the others, each with what mends it: what it leaves
 * out of a table would be missing in the lake without any error. What holds of all its tables alike, as the kinds of changes,
 * is not judged here.
 */
export function sortPublished(
  state: PublicationState,
  tables: readonly SourceTable[],
): { readonly tables: readonly SourceTable[]; readonly leftOut: readonly LeftOutTable[] } {
  const leftOut = tables.flatMap((table): readonly LeftOutTable[] => {
    const unfit = judgePublished(state, table)
    return unfit === undefined ? [] : [{ table: sourceTableName(table), ...unfit }]
  })
  const names = new Set(leftOut.map(({ table }) => table))
  return { tables: tables.filter((table) => !names.has(sourceTableName(table))), leftOut }
}

function judgePublished(state: PublicationState, table: SourceTable): Unfit | undefined {
  const { name, version, found, addable } = state
  if (found === undefined) return undefined
  const [publication, shown] = [quoteIdentifier(name), sourceTableName(table)]
  const code = 'source/publication'
  /* Under the names of its partitions its rows would be those of other tables. */
  if (table.isPartitioned && !found.isViaRoot && version >= 130_000)
    return {
      code,
      message: `publication ${name} has the partitions of ${shown} under their own names`,
      fix: [sql(`ALTER PUBLICATION ${publication} SET (publish_via_partition_root = true);`)],
    }
  const member = found.members.get(quoteTable(table))
  if (member === undefined)
    return addable.has(table.oid)
      ? undefined
      : {
          code,
          message: `publication ${name} lacks ${shown}, and the role may not add it: as the owner of both`,
          fix: [sql(`${addingStatements(name, [table]).join('; ')};`)],
        }
  if (!member.isNarrowed) return undefined
  const published = publishedName(table)
  return {
    code,
    message: `publication ${name} has a row filter or a column list for ${shown}`,
    fix: [
      sql(`ALTER PUBLICATION ${publication} DROP TABLE ${published};`),
      sql(`ALTER PUBLICATION ${publication} ADD TABLE ${published};`),
    ],
  }
}
