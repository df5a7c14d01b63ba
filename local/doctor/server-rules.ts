import { ageText, bytesText } from '../../core/amount-text.ts'
import { type Fix, ok, type Rule, refuse, sql, step, unknown, warn } from '../../core/check.ts'
import { quoteIdentifier, quoteLiteral } from '../../engine/postgres/connection/quote-identifier.ts'
import { ownPlugins } from '../../engine/postgres/rules/check-slot.ts'
import { settingFix } from '../../engine/postgres/rules/setting-fix.ts'
import { dmsPlugins } from '../../engine/postgres/rules/slot-rules.ts'
import type {
  DdlAuditFacts,
  OpenTransaction,
  PreparedTransaction,
  SessionFacts,
  SettingFacts,
} from './server-look.ts'

const GB = 1_000_000_000
/* A weekend, and a day to notice. */
const IDLE_SECONDS = 3 * 86_400
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

/** What a server may have wrong and a start not notice. */
export const settingRules: readonly Rule<SettingFacts>[] = [
  {
    id: 'source.tls',
    title: 'the connection is encrypted, unless it stays on the machine',
    evaluate: ({ isEncrypted, host, serverSpeaksTls }) => {
      if (isEncrypted) return ok('the connection is encrypted')
      if (loopback.test(host)) return ok('in the clear, and stays on this machine')
      return warn(
        'the connection is in the clear: rows and the password pass the network as they are',
        ...(serverSpeaksTls ? [] : [sql('ALTER SYSTEM SET ssl = on;'), sql('SELECT pg_reload_conf();')]),
        step('add ?sslmode=verify-full to the address of the source'),
      )
    },
  },
  {
    id: 'source.primary-server',
    title: 'the server is a primary, or a standby that can be read by a slot',
    evaluate: ({ isStandby, version, reader }) => {
      if (!isStandby) return ok('the server is a primary')
      if (version < 160_000)
        return warn('the server is a standby: no slot before PostgreSQL 16', step('name the primary'))
      return warn(
        reader === 'dms'
          ? 'the server is a standby: DMS needs engine 3.6.1 for one'
          : 'the server is a standby: the publication has to be made on its primary, and a slot waits there for its next checkpoint',
        step('name the primary'),
      )
    },
  },
  {
    id: 'source.sender-timeout',
    title:
      'wal_sender_timeout, where DMS reads, is off, or 10 s and more: a reader that is busy is not cut off',
    evaluate: ({ senderTimeoutMs, senderTimeoutReset, reader, isRds }) => {
      if (reader === 'tidemark') return ok('wal_sender_timeout is 60 s in sessions of Tidemark')
      if (senderTimeoutMs === 0 || senderTimeoutMs >= 10_000)
        return ok(`wal_sender_timeout is ${senderTimeoutMs === 0 ? 'off' : ageText(senderTimeoutMs)}`)
      return warn(
        `wal_sender_timeout is ${senderTimeoutMs} ms: a reader that is busy for longer is cut off`,
        ...(senderTimeoutReset === null
          ? settingFix({ name: 'wal_sender_timeout', value: '60000', isStatic: false }, isRds)
          : [sql(senderTimeoutReset)]),
      )
    },
  },
  {
    id: 'source.slot-limit',
    title:
      'max_slot_wal_keep_size and idle_replication_slot_timeout leave a slot time: at a limit it is lost',
    evaluate: ({ slotLimitBytes, idleLimitSeconds, isRds }) => {
      if (idleLimitSeconds > 0 && idleLimitSeconds < IDLE_SECONDS)
        return warn(
          `a slot that nobody reads is lost after ${ageText(idleLimitSeconds * 1_000)}: a run that is stopped for longer needs a reload`,
          ...settingFix({ name: 'idle_replication_slot_timeout', value: '0', isStatic: false }, isRds),
        )
      const idle =
        idleLimitSeconds > 0
          ? `a slot that nobody reads is lost after ${ageText(idleLimitSeconds * 1_000)}`
          : undefined
      if (slotLimitBytes === null)
        return ok(idle ?? 'no limit: a slot that nobody reads is never lost, and fills the disk')
      if (slotLimitBytes >= 10 * GB)
        return ok(
          [
            `a slot is lost when it keeps ${bytesText(slotLimitBytes)}`,
            ...(idle === undefined ? [] : [idle]),
          ].join('; '),
        )
      return warn(
        `a slot is lost when it keeps ${bytesText(slotLimitBytes)}: a reader that pauses loses changes`,
        ...settingFix({ name: 'max_slot_wal_keep_size', value: '-1', isStatic: false }, isRds),
      )
    },
  },
  {
    id: 'source.output-plugins',
    title: 'output_plugin_libraries, where the server has it, allows the plugin that the slot is read with',
    evaluate: ({ plugins, reader, isRds }) => {
      const wanted: readonly string[] = reader === 'dms' ? dmsPlugins : ownPlugins
      if (plugins === null) return ok('the server has no list of output plugins')
      /* DMS takes test_decoding where nothing else is asked of it. */
      const allowed = wanted.filter((plugin) => plugins.includes(plugin))
      if (allowed.length > 0) return ok(`a slot may be read with ${allowed.join(' or ')}`)
      const value = [...plugins.filter((plugin) => plugin !== ''), wanted[0] ?? ''].join(', ')
      return refuse(
        'source/privilege',
        `output_plugin_libraries does not allow ${wanted.join(' or ')}: no slot can be made`,
        ...settingFix({ name: 'output_plugin_libraries', value, isStatic: false }, isRds),
      )
    },
  },
]

export const sessionRules: readonly Rule<SessionFacts>[] = [
  {
    id: 'source.transactions',
    title: 'no transaction stands open for minutes: the slot cannot move past it',
    evaluate: ({ mayLook, role, open, prepared, limitSeconds }) => {
      if (open.length + prepared.length > 0)
        return warn(
          [...open.map(openText), ...prepared.map(preparedText)].join('; '),
          ...open.map(endOpen),
          ...prepared.map(endPrepared),
        )
      if (!mayLook)
        return unknown(
          'the role may not see the sessions of others',
          sql(`GRANT pg_read_all_stats TO ${quoteIdentifier(role)};`),
        )
      return ok(`no transaction stands open for more than ${ageText(limitSeconds * 1_000)}`)
    },
  },
]

/** Of a source that DMS reads: without its audit of DDL the task does not see that a table changes. */
export const ddlAuditRules: readonly Rule<DdlAuditFacts>[] = [
  {
    id: 'source.ddl-audit',
    title: 'DMS can see DDL: its audit table and event trigger are there, or its role may make them',
    evaluate: ({ hasTable, hasTrigger, isSuperuser }) => {
      if (hasTable && hasTrigger) return ok('awsdms_ddl_audit and awsdms_intercept_ddl are there')
      if (isSuperuser) return ok('the CDC task makes its audit of DDL: the role may')
      return warn(
        `${hasTable ? 'the event trigger awsdms_intercept_ddl' : 'the table awsdms_ddl_audit'} is not there, and the role may not make it: DMS does not see DDL`,
        step(
          'as rds_superuser, in the schema of DdlArtifactsSchema: the statements of the DMS user guide, "Prerequisites for migrating from an AWS-managed PostgreSQL database"',
        ),
      )
    },
  },
]

function openText({ pid, seconds, isIdle }: OpenTransaction): string {
  return `server process ${pid} is ${isIdle ? 'idle ' : ''}in a transaction for ${ageText(seconds * 1_000)}`
}

/* Work that goes on is not for a check to end. */
function endOpen({ pid, isIdle }: OpenTransaction): Fix {
  const statement = `SELECT pg_terminate_backend(${pid});`
  return isIdle ? sql(statement) : step(`let it end, or: ${statement}`)
}

function preparedText({ gid, seconds, database }: PreparedTransaction): string {
  return `prepared transaction ${gid} of database ${database} waits for ${ageText(seconds * 1_000)}`
}

function endPrepared({ gid, database, isHere }: PreparedTransaction): Fix {
  const statement = `ROLLBACK PREPARED ${quoteLiteral(gid).trim()};`
  return isHere ? sql(statement) : step(`in database ${database}: ${statement}`)
}
