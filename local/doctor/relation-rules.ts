import { plural } from '../../core/amount-text.ts'
import { ok, type Rule, refuse, shell, sql, step, warn } from '../../core/check.ts'
import { inferType } from '../../core/contract/infer/infer-type.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import type { SourceTable } from '../../engine/postgres/catalog/source-catalog.ts'
import { silentFix } from '../../engine/postgres/rules/check-source.ts'
import {
  publicationStatements,
  refusedWrites,
  stuckText,
} from '../../engine/postgres/rules/publication-state.ts'
import { sortPublished } from '../../engine/postgres/rules/sort-published.ts'
import { together } from '../../engine/postgres/rules/table-rules.ts'
import type { ContractFacts, PublicationFacts, RelationFacts } from './relation-look.ts'

/** Of a source that our own replicator reads. DMS needs no publication for test_decoding and pglogical. */
export const publicationRules: readonly Rule<PublicationFacts>[] = [
  {
    id: 'source.publication',
    title: 'the publication carries every change of each table, or the role may make it so',
    evaluate: ({ tables: asked, publication, isRead }) => {
      const { tables, leftOut } = sortPublished(publication, asked)
      const { widen, add, stuck } = publicationStatements(publication, tables)
      const { name, found, addable } = publication
      if (stuck.length > 0) return refuse('source/publication', stuckText(name, stuck))
      if (found === undefined && isRead)
        return warn(
          `publication ${name} does not exist any more: if anything was written without it, the slot cannot be read on`,
          shell('npx tidemark dev --reload'),
        )
      const isOurs = tables.every(({ oid }) => addable.has(oid))
      const statements = [...widen, ...(found === undefined && !isOurs ? add : [])]
      const unfit = together(leftOut)
      const parts = [
        ...(widen.length > 0 ? [`publication ${name} does not carry every change of the tables`] : []),
        ...(unfit === undefined ? [] : [`left out: ${unfit.message}`]),
        ...(statements.length > widen.length
          ? [
              `publication ${name} does not exist, and the role may not change that: as the owner of the tables`,
            ]
          : []),
      ]
      if (parts.length > 0)
        return refuse(
          'source/publication',
          parts.join('; '),
          ...(unfit?.fix ?? []),
          ...statements.map((statement) => sql(`${statement};`)),
        )
      if (add.length === 0) return ok(`publication ${name} carries ${plural(tables.length, 'table')}`)
      return ok(
        `publication ${name} ${found === undefined ? 'is made' : 'gets what it lacks'} at the next start`,
      )
    },
  },
  {
    id: 'source.published-writes',
    title: 'PostgreSQL takes updates and deletes of all that the publication has',
    evaluate: ({ publication }) => {
      const refused = refusedWrites(publication)
      if (refused.length === 0) return ok('what the publication has can be written')
      const message = refused.map((one) => one.message).join('; ')
      return refuse('source/replica-identity', message, ...refused.flatMap(({ fix }) => fix))
    },
  },
]

/** Of a source that our own replicator reads: on AWS the contracts are checked where they are released. */
export const contractRules: readonly Rule<ContractFacts>[] = [
  {
    id: 'source.lake-names',
    title: 'each table has a lake table of its own',
    evaluate: ({ tables, leftOut }) => {
      if (leftOut === undefined)
        return ok('not looked at: the lake has written contracts, name their folder with --contracts')
      const unfit = together(leftOut)
      if (unfit === undefined) return ok(`${plural(tables.length, 'table')}, each with a name of its own`)
      return refuse(unfit.code, unfit.message, ...unfit.fix)
    },
  },
]

/** What of the tables arrives otherwise than one may expect, or never. */
export const relationRules: readonly Rule<RelationFacts>[] = [
  {
    id: 'source.left-out',
    title: 'no table is unlogged or foreign: the log has nothing of those',
    evaluate: ({ silent }) => {
      if (silent.length === 0) return ok('no table is unlogged or foreign')
      const parts = (['unlogged', 'foreign'] as const).flatMap((kind) => {
        const of = silent.filter(({ why }) => why === kind)
        return of.length === 0 ? [] : [`${kind}: ${of.map(sourceTableName).join(', ')}`]
      })
      return warn(`left out, for the log has nothing of them: ${parts.join('; ')}`, ...silent.map(silentFix))
    },
  },
  {
    id: 'source.large-values',
    title: 'what becomes of large (TOAST) values that an update does not touch',
    evaluate: ({ tables, large, reader }) => {
      const partial = tables.filter(
        ({ oid, replicaIdentity }) => large.has(oid) && replicaIdentity !== 'full',
      )
      if (partial.length === 0) return ok('each update carries every value')
      const columns = partial.reduce((sum, { oid }) => sum + (large.get(oid)?.length ?? 0), 0)
      const where = `${plural(columns, 'column')} of ${plural(partial.length, 'table')} may be stored out of line: an update that does not touch one does not carry it, and current takes it from the last row that had it`
      return ok(reader === 'dms' ? `${where}. DMS documents nothing of them: prove such a table` : where)
    },
  },
  {
    id: 'source.types',
    title: 'the reader carries each type with all its digits',
    evaluate: ({ tables, reader }) => {
      const rounded = reader === 'dms' ? columnsWhere(tables, isUnbounded) : []
      if (rounded.length > 0)
        return warn(
          `DMS rounds numeric without precision to 6 decimals: ${rounded.join(', ')}`,
          step('ALTER TABLE … ALTER COLUMN … TYPE numeric(p, s), or map the column to string in the task'),
        )
      const asText = columnsWhere(tables, (column) => inferType(column, false).note !== undefined)
      return ok(
        asText.length === 0
          ? 'each type has one of the lake'
          : `as exact text, for the lake has no type for them: ${shortened(asText)}`,
      )
    },
  },
]

const SHOWN = 5

function shortened(all: readonly string[]): string {
  const more = all.length - SHOWN
  return `${all.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

type Column = SourceTable['columns'][number]

function isUnbounded({ type, elementType, precision }: Column): boolean {
  return (type === 'numeric' || elementType === 'numeric') && precision === undefined
}

function columnsWhere(tables: readonly SourceTable[], is: (column: Column) => boolean): readonly string[] {
  return tables.flatMap(({ schema, name, columns }) =>
    columns.filter(is).map((column) => `${sourceTableName({ schema, name })}.${column.name}`),
  )
}
