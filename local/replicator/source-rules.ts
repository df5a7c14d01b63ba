import { plural } from '../../core/amount-text.ts'
import { type Fix, ok, type Rule, refuse, sql, step } from '../../core/check.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import { quoteIdentifier, quoteTable } from './quote-identifier.ts'
import { settingFix } from './setting-fix.ts'
import type { SourceTable } from './source-catalog.ts'
import type { ServerFacts, TableFacts } from './source-facts.ts'

/** What must hold of a server before a source can be read. A start stops at the first; `doctor` shows all. */
export const serverRules: readonly Rule<ServerFacts>[] = [
  {
    id: 'source.version',
    asks: 'PostgreSQL 12 or newer',
    judge: ({ version }) =>
      version < 120_000
        ? refuse('source/unsupported-version', `the source is PostgreSQL ${version}`)
        : ok(`PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`),
  },
  {
    id: 'source.encoding',
    asks: 'the bytes of the database have a certain text',
    judge: ({ encoding }) =>
      encoding === 'SQL_ASCII'
        ? refuse(
            'source/unsupported-version',
            'the database has no encoding (SQL_ASCII), so its bytes have no certain text',
            step('CREATE DATABASE … ENCODING UTF8, then dump and restore'),
          )
        : ok(encoding),
  },
  {
    id: 'source.wal-level',
    asks: 'the log is written for logical decoding',
    judge: ({ walLevel, isRds }) =>
      walLevel === 'logical'
        ? ok('wal_level is logical')
        : refuse('source/wal-level', `wal_level is ${walLevel}`, ...logicalLog(isRds)),
  },
  {
    id: 'source.role',
    asks: 'the role may replicate',
    judge: ({ role, mayReplicate, isRds }) =>
      mayReplicate
        ? ok(`role ${role} may replicate`)
        : refuse(
            'source/privilege',
            'the role may not replicate',
            sql(
              isRds
                ? `GRANT rds_replication TO ${quoteIdentifier(role)};`
                : `ALTER ROLE ${quoteIdentifier(role)} REPLICATION;`,
            ),
          ),
  },
]

/** What must hold of the tables. */
export const tableRules: readonly Rule<TableFacts>[] = [
  {
    id: 'source.primary-keys',
    asks: 'each table has a primary key: without one an update cannot be matched to its row',
    judge: ({ tables }) => {
      const keyless = tables.filter((table) => table.key.length === 0)
      if (keyless.length === 0) return ok(`${plural(tables.length, 'table')}, each with a primary key`)
      const fixes = keyless.map((table) => step(`ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (…);`))
      return refuse('source/no-primary-key', 'no primary key', ...fixes)
    },
  },
  {
    id: 'source.replica-identity',
    asks: 'updates and deletes carry the primary key',
    judge: ({ tables }) => {
      const unidentified = tables.filter((table) => !identifiesKey(table))
      if (unidentified.length === 0) return ok('updates and deletes of each table carry its key')
      const fixes = unidentified.map((table) =>
        sql(`ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY DEFAULT;`),
      )
      return refuse(
        'source/replica-identity',
        'updates and deletes would not carry the primary key',
        ...fixes,
      )
    },
  },
  {
    id: 'source.partitions',
    asks: 'partitioned tables can be published as one table',
    judge: ({ tables, server }) => {
      const partitioned = tables.filter((table) => table.isPartitioned)
      if (server.version >= 130_000 || partitioned.length === 0)
        return ok(
          partitioned.length === 0
            ? 'no table is partitioned'
            : `${partitioned.length} partitioned, each read as its root table`,
        )
      const names = partitioned.map(sourceTableName).join(', ')
      return refuse(
        'source/unsupported-version',
        'PostgreSQL 12 cannot publish a partitioned table',
        step(`leave out ${names}`),
      )
    },
  },
  {
    id: 'source.privileges',
    asks: 'the role may use each schema and read each table',
    judge: ({ tables, access, server }) => {
      const role = quoteIdentifier(server.role)
      const closed = tables.filter((table) => access.get(table.oid)?.mayUse !== true)
      const schemas = [...new Set(closed.map((table) => table.schema))]
      const unreadable = tables.filter((table) => access.get(table.oid)?.maySelect !== true)
      if (schemas.length === 0 && unreadable.length === 0)
        return ok(`role ${server.role} may read each table`)
      const list = unreadable.map(quoteTable).join(', ')
      return refuse(
        'source/privilege',
        'the role may not read every table',
        ...schemas.map((schema) => sql(`GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`)),
        ...(unreadable.length > 0 ? [sql(`GRANT SELECT ON ${list} TO ${role};`)] : []),
      )
    },
  },
  {
    id: 'source.row-security',
    asks: 'row security hides no row from the role',
    judge: ({ tables, access, server }) => {
      const hidden = tables.filter((table) => access.get(table.oid)?.hidesRows === true)
      if (hidden.length === 0) return ok('no row is hidden')
      return refuse(
        'source/privilege',
        `row security would hide rows of ${hidden.map(quoteTable).join(', ')}`,
        sql(`ALTER ROLE ${quoteIdentifier(server.role)} BYPASSRLS;`),
      )
    },
  },
]

/* RDS sets it by a parameter of its own. */
function logicalLog(isRds: boolean): readonly Fix[] {
  const [name, value] = isRds
    ? (['rds.logical_replication', '1'] as const)
    : (['wal_level', 'logical'] as const)
  return settingFix({ name, value, isStatic: true }, isRds)
}

function identifiesKey(table: SourceTable): boolean {
  switch (table.replicaIdentity) {
    case 'default':
    case 'full':
      return true
    case 'nothing':
      return false
    case 'index':
      return table.key.every((column) => table.identityIndex.includes(column))
  }
}
