import { plural } from '../../../core/amount-text.ts'
import { ok, type Rule, refuse, sql, step } from '../../../core/check.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../catalog/source-catalog.ts'
import type { TableFacts } from '../catalog/source-facts.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'
import { judgeIdentity, leavingOut, type Unfit } from './judge-identity.ts'
import { keylessRoot } from './keyless-root.ts'

/** A table that was asked for and is not followed: why, and what mends it. */
export interface LeftOutTable extends Unfit {
  /** `schema.table`. */
  readonly table: string
}

/** What must hold of a table by itself. */
interface TableRule {
  readonly id: string
  readonly title: string
  /** Why the table cannot be followed; undefined when it can. */
  evaluate(table: SourceTable, facts: TableFacts): Unfit | undefined
  /** What is said when it holds of all. */
  fine(facts: TableFacts): string
}

const rules: readonly TableRule[] = [
  {
    id: 'source.primary-keys',
    title: 'each table has a primary key: without one an update cannot be matched to its row',
    fine: ({ tables }) => `${plural(tables.length, 'table')}, each with a primary key`,
    evaluate: (table, { identities }) => {
      if (table.key.length > 0) return undefined
      return {
        code: 'source/no-primary-key',
        message: `${sourceTableName(table)} has no primary key`,
        fix: keylessRoot(table, identities.get(table.oid) ?? []),
      }
    },
  },
  {
    id: 'source.replica-identity',
    title:
      'updates and deletes of a table, and of each of its partitions, carry its key, and PostgreSQL takes them once it is published',
    fine: () => 'updates and deletes of each table carry its key',
    evaluate: (table, { identities, server: { version }, reader }) => {
      if (table.key.length === 0) return undefined
      const demand = { key: table.key, version, isPublished: reader === 'tidemark' }
      return judgeIdentity(identities.get(table.oid) ?? [], demand)
    },
  },
  {
    id: 'source.partitions',
    title: 'partitioned tables can be published as one table',
    fine: ({ tables }) => {
      const count = tables.filter((table) => table.isPartitioned).length
      return count === 0 ? 'no table is partitioned' : `${count} partitioned, each read as its root table`
    },
    evaluate: (table, { server }) =>
      !table.isPartitioned || server.version >= 130_000
        ? undefined
        : {
            code: 'source/unsupported-version',
            message: `${sourceTableName(table)} is partitioned, and PostgreSQL 12 cannot publish that as one table`,
            fix: [step(leavingOut(table))],
          },
  },
  {
    id: 'source.privileges',
    title: 'the role may use each schema and read each table',
    fine: ({ server }) => `role ${server.role} may read each table`,
    evaluate: (table, { access, server }) => {
      const of = access.get(table.oid)
      if (of?.mayUse === true && of.maySelect) return undefined
      const role = quoteIdentifier(server.role)
      return {
        code: 'source/privilege',
        message: `the role may not read ${sourceTableName(table)}`,
        fix: [
          ...(of?.mayUse === true
            ? []
            : [sql(`GRANT USAGE ON SCHEMA ${quoteIdentifier(table.schema)} TO ${role};`)]),
          ...(of?.maySelect === true ? [] : [sql(`GRANT SELECT ON ${quoteTable(table)} TO ${role};`)]),
        ],
      }
    },
  },
  {
    id: 'source.row-security',
    title: 'row security hides no row from the role',
    fine: () => 'no row is hidden',
    evaluate: (table, { access, server }) =>
      access.get(table.oid)?.hidesRows !== true
        ? undefined
        : {
            code: 'source/privilege',
            message: `row security would hide rows of ${sourceTableName(table)}`,
            fix: [sql(`ALTER ROLE ${quoteIdentifier(server.role)} BYPASSRLS;`)],
          },
  },
]

/** The same of all tables together, for `doctor`: a start leaves the tables out that a rule refuses, and follows the others. */
export const tableRules: readonly Rule<TableFacts>[] = rules.map(({ id, title, evaluate, fine }) => ({
  id,
  title,
  evaluate: (facts) => {
    const unfit = together(facts.tables.flatMap((table) => evaluate(table, facts) ?? []))
    return unfit === undefined ? ok(fine(facts)) : refuse(unfit.code, unfit.message, ...unfit.fix)
  },
}))

/** What is wrong with several tables as one, under the code of the first; undefined of none. */
export function together(all: readonly Unfit[]): Unfit | undefined {
  const [first] = all
  if (first === undefined) return undefined
  return {
    code: first.code,
    message: shortened(all.map(({ message }) => message)),
    fix: once(all.flatMap(({ fix }) => fix)),
  }
}

/** Those that can be followed, and the others, each with the first rule that refuses it. */
export function sortTables(facts: TableFacts): {
  readonly tables: readonly SourceTable[]
  readonly leftOut: readonly LeftOutTable[]
} {
  const leftOut: LeftOutTable[] = []
  const tables = facts.tables.filter((table) => {
    const unfit = firstOf(rules, (rule) => rule.evaluate(table, facts))
    if (unfit !== undefined) leftOut.push({ table: sourceTableName(table), ...unfit })
    return unfit === undefined
  })
  return { tables, leftOut }
}

const SHOWN = 10

function shortened(all: readonly string[]): string {
  const more = all.length - SHOWN
  return `${all.slice(0, SHOWN).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

function once<T extends { readonly text: string }>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map((one) => [one.text, one])).values()]
}

function firstOf<T, R>(all: readonly T[], of: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = of(one)
    if (found !== undefined) return found
  }
  return undefined
}
