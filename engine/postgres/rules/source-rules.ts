import { type Fix, ok, type Rule, refuse, sql, step } from '../../../core/check.ts'
import type { ServerFacts } from '../catalog/source-facts.ts'
import { quoteIdentifier } from '../connection/quote-identifier.ts'
import { settingFix } from './setting-fix.ts'

/** What must hold of a server before a source can be read. A start stops at the first; `doctor` shows all. */
export const serverRules: readonly Rule<ServerFacts>[] = [
  {
    id: 'source.version',
    title: 'PostgreSQL 12 or newer',
    evaluate: ({ version }) =>
      version < 120_000
        ? refuse('source/unsupported-version', `the source is PostgreSQL ${version}`)
        : ok(`PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`),
  },
  {
    id: 'source.encoding',
    title: 'the bytes of the database have a certain text',
    evaluate: ({ encoding }) =>
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
    title: 'the log is written for logical decoding',
    evaluate: ({ walLevel, isRds }) =>
      walLevel === 'logical'
        ? ok('wal_level is logical')
        : refuse('source/wal-level', `wal_level is ${walLevel}`, ...logicalLog(isRds)),
  },
  {
    id: 'source.role',
    title: 'the role may replicate',
    evaluate: ({ role, mayReplicate, isRds }) =>
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

/* RDS sets it by a parameter of its own. */
function logicalLog(isRds: boolean): readonly Fix[] {
  const [name, value] = isRds
    ? (['rds.logical_replication', '1'] as const)
    : (['wal_level', 'logical'] as const)
  return settingFix({ name, value, isStatic: true }, isRds)
}
