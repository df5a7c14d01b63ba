import { type Fix, sql, step } from '../../../core/check.ts'
import type { FailureCode } from '../../../core/failures/failures.ts'
import { type SourceTableName, sourceTableName } from '../../../core/source-table-name.ts'
import {
  carriedColumns,
  isHeldAtOnce,
  type RelationIdentity,
  replicaIndex,
  type UniqueIndex,
} from '../catalog/identity-facts.ts'
import { quoteIdentifier, quoteTable } from '../connection/quote-identifier.ts'

/** Why a table cannot be followed, and what mends it. */
export interface Unfit {
  readonly code: FailureCode
  readonly message: string
  readonly fix: readonly Fix[]
}

export interface IdentityDemand {
  /** Columns of the key that the lake tells rows by. */
  readonly key: readonly string[]
  /** server_version_num. */
  readonly version: number
  /** Whether the changes are read through a publication, whose tables PostgreSQL refuses to write when it asks more. */
  readonly isPublished: boolean
}

/**
 * Judges a table by all that hold its rows, itself first, as `readIdentities` gives them: whether PostgreSQL lets its
 * updates and deletes through once it is published, whether what they log has the old key, and whether no two rows share a key in
 * between. Undefined when the table can be followed.
 */
export function judgeIdentity(parts: readonly RelationIdentity[], demand: IdentityDemand): Unfit | undefined {
  const [root] = parts
  if (root === undefined) return undefined
  const unfit = judgeRelation(root, demand)
  /* The constraint of a root is that of its partitions: mended there it is mended everywhere. */
  if (unfit !== undefined && unfit.code !== 'source/replica-identity') return unfit
  const ofLeaves = parts.slice(1).flatMap((leaf) => judgeRelation(leaf, demand) ?? [])
  const mixed = root.identity === 'full' ? parts.filter(({ identity }) => identity !== 'full') : []
  const all = [
    ...(unfit === undefined ? [] : [unfit]),
    ...(mixed.length === 0 ? [] : [mixedWith(root, mixed)]),
    ...ofLeaves,
  ]
  const [first] = all
  if (first === undefined) return undefined
  const fix = new Map(all.flatMap((one) => one.fix).map((one) => [one.text, one]))
  return {
    code: first.code,
    message: [...new Set(all.map(({ message }) => message))].join('; '),
    fix: [...fix.values()],
  }
}

/**
 * Whether PostgreSQL takes an UPDATE or DELETE of a relation that a publication has, with its stored generated columns or
 * without. It asks where the rows are, in the leaves of a partitioned table.
 */
export function isWritable(relation: RelationIdentity, version: number, hasStored = false): boolean {
  return relation.kind !== 'table' || !relation.isLogged || isAccepted(relation, version, hasStored)
}

function isAccepted(relation: RelationIdentity, version: number, hasStored = false): boolean {
  const { identity, virtual } = relation
  const generated = hasStored ? virtual : relation.generated
  /* What is not published may not identify a row, from PostgreSQL 18 on. */
  if (identity === 'full') return version < 180_000 || generated.length === 0
  const index = replicaIndex(relation)
  return (
    index !== undefined && (version < 180_000 || !index.columns.some((column) => generated.includes(column)))
  )
}

/** The statement that gives a relation an identity with which it can be written and its old rows carry the key; undefined when none does. */
export function identityStatement(
  relation: RelationIdentity,
  key: readonly string[],
  version: number,
): string | undefined {
  const alter = `ALTER TABLE ${quoteTable(relation)} REPLICA IDENTITY`
  const fits = ({ columns }: UniqueIndex) =>
    key.every((column) => columns.includes(column)) &&
    columns.every((column) => relation.notNull.includes(column) && !relation.generated.includes(column))
  const usable = relation.indexes.filter((index) => isHeldAtOnce(index) && fits(index))
  if (usable.some(({ isPrimary }) => isPrimary)) return `${alter} DEFAULT`
  const [index] = usable
  if (index !== undefined) return `${alter} USING INDEX ${quoteIdentifier(index.name)}`
  /* The old row of a partition may be whole whatever its root says. */
  const isFull = relation.isPartition && isAccepted({ ...relation, identity: 'full' }, version)
  return isFull ? `${alter} FULL` : undefined
}

/** Leaving a table out, as a step to take. */
export function leavingOut(table: SourceTableName): string {
  return `leave it out: --tables '!${sourceTableName(table)}'`
}

function judgeRelation(relation: RelationIdentity, demand: IdentityDemand): Unfit | undefined {
  const { key, version, isPublished } = demand
  if (!relation.isLogged) return notLogged(relation)
  const generated = key.filter((column) => relation.generated.includes(column))
  if (generated.length > 0) return generatedKey(relation, generated)
  const isHeld = relation.indexes.some(
    (index) =>
      isHeldAtOnce(index) &&
      index.columns.length > 0 &&
      index.columns.every((column) => key.includes(column)),
  )
  if (!isHeld) return notHeld(relation, key)
  if (carriesKey(relation, key) && (!isPublished || isAccepted(relation, version))) return undefined
  return unidentified(relation, demand)
}

function carriesKey(relation: RelationIdentity, key: readonly string[]): boolean {
  const columns = carriedColumns(relation)
  return columns === undefined || key.every((column) => columns.includes(column))
}

function notLogged(relation: RelationIdentity): Unfit {
  const name = sourceTableName(relation)
  if (relation.kind === 'foreign')
    return {
      code: 'source/not-logged',
      message: `${name} is a foreign table: the log has nothing of its rows`,
      fix: [step(`detach ${name} from its partitioned table, or leave that out with --tables`)],
    }
  return {
    code: 'source/not-logged',
    message: `${name} is unlogged: the log has nothing of its rows`,
    fix: [sql(`ALTER TABLE ${quoteTable(relation)} SET LOGGED;`)],
  }
}

function generatedKey(relation: RelationIdentity, generated: readonly string[]): Unfit {
  return {
    code: 'source/no-primary-key',
    message: `the primary key of ${sourceTableName(relation)} has the generated column ${generated.join(', ')}, which changes do not carry`,
    fix: [step(`make the key of columns that are stored as they are written, or ${leavingOut(relation)}`)],
  }
}

function notHeld(relation: RelationIdentity, key: readonly string[]): Unfit {
  const name = sourceTableName(relation)
  const primary = relation.indexes.find(({ isPrimary }) => isPrimary)
  const columns = key.map(quoteIdentifier).join(', ')
  const table = quoteTable(relation)
  if (primary === undefined)
    return {
      code: 'source/no-primary-key',
      message: `${name} has no primary key of its own`,
      fix: [sql(`ALTER TABLE ${table} ADD PRIMARY KEY (${columns});`)],
    }
  const constraint = quoteIdentifier(primary.constraint ?? primary.name)
  const again = sql(
    `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}, ADD CONSTRAINT ${constraint} PRIMARY KEY (${columns});`,
  )
  if (primary.isImmediate)
    return {
      code: 'source/no-primary-key',
      message: `the primary key of ${name} is not valid on each partition`,
      fix: [again],
    }
  /* The index is built beside, so that the table is closed for a moment only. */
  const built = quoteIdentifier(`key_${relation.oid}_immediate`)
  const beside = [
    sql(`CREATE UNIQUE INDEX CONCURRENTLY ${built} ON ${table} (${columns});`),
    sql(
      `ALTER TABLE ${table} DROP CONSTRAINT ${constraint}, ADD CONSTRAINT ${constraint} PRIMARY KEY USING INDEX ${built};`,
    ),
  ]
  return {
    code: 'source/deferrable-key',
    message: `the primary key of ${name} is deferrable: PostgreSQL takes it for no replica identity, and two rows may have one key until a statement or transaction ends`,
    fix: [
      step(
        `${leavingOut(relation)}; or make the key immediate, when the application does without: afterwards a statement that moves keys over each other, as UPDATE … SET key = key + 1, fails`,
      ),
      ...(relation.kind === 'partitioned' ? [again] : beside),
    ],
  }
}

function unidentified(relation: RelationIdentity, { key, version, isPublished }: IdentityDemand): Unfit {
  const name = sourceTableName(relation)
  const statement = identityStatement(relation, key, version)
  const isRefused = isPublished && !isWritable(relation, version)
  const why =
    relation.identity === 'full' || carriesKey(relation, key)
      ? 'its replica identity has generated columns, which are not published'
      : 'updates and deletes would not carry its primary key'
  return {
    code: 'source/replica-identity',
    message: `${name}: ${why}${isRefused ? '; once published, PostgreSQL refuses them' : ''}`,
    fix: [statement === undefined ? step(leavingOut(relation)) : sql(`${statement};`)],
  }
}

/* The message of a change says that the old row is whole, as the root is, and gives null for what the partition does not log. */
function mixedWith(root: RelationIdentity, others: readonly RelationIdentity[]): Unfit {
  const names = others.map(sourceTableName)
  return {
    code: 'source/replica-identity',
    message: `${sourceTableName(root)} is REPLICA IDENTITY FULL and its partition ${names.slice(0, 3).join(', ')} is not`,
    fix: [sql(`ALTER TABLE ${quoteTable(root)} REPLICA IDENTITY DEFAULT;`)],
  }
}
