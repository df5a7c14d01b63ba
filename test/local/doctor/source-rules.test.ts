import { describe, expect, test } from 'vitest'
import type { Rule } from '../../../core/check.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import type { ServerFacts, TableFacts } from '../../../engine/postgres/catalog/source-facts.ts'
import type { Slot, SlotFacts } from '../../../engine/postgres/rules/slot-facts.ts'
import { slotRules } from '../../../engine/postgres/rules/slot-rules.ts'
import { serverRules } from '../../../engine/postgres/rules/source-rules.ts'
import { tableRules } from '../../../engine/postgres/rules/table-rules.ts'
import type { SettingFacts } from '../../../local/doctor/server-look.ts'
import { settingRules } from '../../../local/doctor/server-rules.ts'
import { slotLogRule } from '../../../local/doctor/slot-log-rule.ts'

/* What no server of this test machine can be: seeded as facts. */
function evaluate<F>(rules: readonly Rule<F>[], id: string, facts: F) {
  const rule = rules.find((one) => one.id === id)
  if (rule === undefined) throw new Error(`no rule ${id}`)
  return rule.evaluate(facts)
}

const server: ServerFacts = {
  version: 180_004,
  walLevel: 'logical',
  encoding: 'UTF8',
  role: 'reader',
  mayReplicate: true,
  isRds: true,
}

describe('of a server', () => {
  test('a version or an encoding that cannot be read is refused', () => {
    expect(evaluate(serverRules, 'source.version', server)).toMatchObject({
      state: 'ok',
      message: 'PostgreSQL 18.4',
    })
    const code = 'source/unsupported-version'
    expect(evaluate(serverRules, 'source.version', { ...server, version: 110_022 }).code).toBe(code)
    expect(evaluate(serverRules, 'source.encoding', { ...server, encoding: 'SQL_ASCII' }).code).toBe(code)
  })

  test('on RDS settings are parameters of a group, and replication is a role', () => {
    const level = evaluate(serverRules, 'source.wal-level', { ...server, walLevel: 'replica' })
    expect(level.fix[0]).toEqual({
      kind: 'shell',
      text: 'aws rds modify-db-parameter-group --db-parameter-group-name <group> --parameters ParameterName=rds.logical_replication,ParameterValue=1,ApplyMethod=pending-reboot',
    })
    const role = evaluate(serverRules, 'source.role', { ...server, mayReplicate: false })
    expect(role.fix).toEqual([{ kind: 'sql', text: 'GRANT rds_replication TO "reader";' }])
  })

  test('PostgreSQL 12 publishes no partitioned table', () => {
    const table: SourceTable = {
      schema: 'public',
      name: 'log',
      oid: 1,
      columns: [],
      key: ['id'],
      replicaIdentity: 'default',
      isPartitioned: true,
    }
    const facts: TableFacts = {
      server: { ...server, version: 120_018 },
      tables: [table],
      access: new Map(),
      identities: new Map(),
      reader: 'tidemark',
    }
    expect(evaluate(tableRules, 'source.partitions', facts).code).toBe('source/unsupported-version')
    expect(evaluate(tableRules, 'source.partitions', { ...facts, server }).state).toBe('ok')
  })

  const settings: SettingFacts = {
    host: 'db.example.com:5432',
    isEncrypted: false,
    serverSpeaksTls: false,
    senderTimeoutMs: 0,
    senderTimeoutReset: null,
    idleLimitSeconds: 0,
    plugins: null,
    slotLimitBytes: null,
    isStandby: false,
    version: 180_004,
    isRds: false,
    reader: 'tidemark',
  }

  test('a connection in the clear is one to look at, unless it stays on the machine', () => {
    const tls = (facts: Partial<SettingFacts>) =>
      evaluate(settingRules, 'source.tls', { ...settings, ...facts })
    expect(tls({})).toMatchObject({ state: 'warn', fix: [{ text: 'ALTER SYSTEM SET ssl = on;' }, {}, {}] })
    expect(tls({ serverSpeaksTls: true }).fix.map(({ kind }) => kind)).toEqual(['step'])
    expect(tls({ isEncrypted: true }).state).toBe('ok')
    for (const host of ['localhost', '127.0.0.1:5432', '[::1]:5432']) expect(tls({ host }).state).toBe('ok')
    expect(tls({ host: 'localhost.example.com' }).state).toBe('warn')
  })

  test('a limit that loses a slot is told, whichever it is', () => {
    const limit = (facts: Partial<SettingFacts>) =>
      evaluate(settingRules, 'source.slot-limit', { ...settings, ...facts })
    expect(limit({}).message).toContain('never lost')
    expect(limit({ idleLimitSeconds: 3_600 })).toMatchObject({
      state: 'warn',
      fix: [{ text: 'ALTER SYSTEM SET idle_replication_slot_timeout = 0;' }, {}],
    })
    const week = limit({ idleLimitSeconds: 7 * 86_400 })
    expect([week.state, week.message]).toEqual(['ok', expect.not.stringContaining('never')])
    for (const slotLimitBytes of [null, 20e9])
      expect(limit({ idleLimitSeconds: 7 * 86_400, slotLimitBytes }).message).toContain(
        'nobody reads is lost',
      )
  })

  test('a list of output plugins has to have the one of the reader', () => {
    const plugins = (facts: Partial<SettingFacts>) =>
      evaluate(settingRules, 'source.output-plugins', { ...settings, ...facts })
    expect(plugins({}).state).toBe('ok')
    expect(plugins({ plugins: ['pgoutput', 'test_decoding'] }).state).toBe('ok')
    expect(plugins({ plugins: ['test_decoding'] })).toMatchObject({
      state: 'fail',
      code: 'source/privilege',
      fix: [{ text: "ALTER SYSTEM SET output_plugin_libraries = 'test_decoding, pgoutput';" }, {}],
    })
    expect(plugins({ plugins: ['pgoutput', 'test_decoding'], reader: 'dms' }).state).toBe('ok')
    expect(plugins({ plugins: ['pgoutput'], reader: 'dms' }).state).toBe('fail')
  })

  test('a standby is one to look at', () => {
    const standby = evaluate(settingRules, 'source.primary-server', { ...settings, isStandby: true })
    expect(standby.state).toBe('warn')
    const old = { ...settings, isStandby: true, version: 150_000 }
    expect(evaluate(settingRules, 'source.primary-server', old).message).toContain(
      'no slot before PostgreSQL 16',
    )
  })
})

describe('of a slot', () => {
  const slot: Slot = {
    plugin: 'pgoutput',
    isOfThisDatabase: true,
    activePid: 7,
    walStatus: 'reserved',
    invalidation: null,
    inactiveSince: null,
    confirmed: '0/1',
    keptBytes: 1e6,
    behindBytes: 0,
    safeBytes: null,
    application: 'tidemark stream',
    replied: null,
  }
  const facts: SlotFacts = {
    name: 'tidemark',
    slot,
    known: true,
    plugins: ['pgoutput'],
    room: { slots: 10, used: 1, senders: 10, sending: 1, isRds: false },
  }
  const log = (change: Partial<Slot>) => slotLogRule.evaluate({ ...facts, slot: { ...slot, ...change } })

  test('its log is fine while it is small, and no more when it nears its limit', () => {
    expect(log({}).state).toBe('ok')
    expect(log({ keptBytes: 2e9 }).state).toBe('ok')
    expect(log({ keptBytes: 2e9, activePid: null, inactiveSince: '2026-11-28 10:00:00+00' })).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('not read since 2026-11-28 10:00:00'),
      fix: [{ text: expect.stringContaining(`pg_drop_replication_slot('tidemark')`) }],
    })
    expect(log({ keptBytes: 11e9 }).state).toBe('warn')
    expect(log({ keptBytes: 6e9, safeBytes: 7e9, walStatus: 'extended' }).state).toBe('ok')
    expect(log({ keptBytes: 7e9, safeBytes: 6e9, walStatus: 'extended' })).toMatchObject({
      state: 'warn',
      message: expect.stringContaining('lost after 6.0 GB more'),
    })
    expect(log({ walStatus: 'unreserved', safeBytes: -1 }).state).toBe('fail')
  })

  test('that lost its log is refused with the reason, and needs new loads', () => {
    const gone = { ...slot, walStatus: 'lost', invalidation: 'wal_removed', activePid: null }
    expect(evaluate(slotRules, 'source.slot', { ...facts, slot: gone })).toEqual({
      state: 'fail',
      code: 'source/slot-lost',
      message: 'slot tidemark has lost its log (wal_removed)',
      fix: [{ kind: 'shell', text: 'npx tidemark dev --reload' }],
    })
    expect(slotLogRule.evaluate({ ...facts, slot: gone }).state).toBe('fail')
    const dms = { ...facts, slot: undefined, plugins: ['test_decoding'] }
    expect(evaluate(slotRules, 'source.slot', dms).fix[0]?.text).toContain('docs/15-deploying.md')
  })

  test('beside it a load needs a slot and a sender of its own', () => {
    const room = (change: Partial<SlotFacts['room']>) =>
      evaluate(slotRules, 'source.slot-room', { ...facts, room: { ...facts.room, ...change } })
    expect(room({}).state).toBe('ok')
    expect(room({ used: 10 })).toMatchObject({
      state: 'warn',
      fix: [{ text: 'ALTER SYSTEM SET max_replication_slots = 15;' }, {}],
    })
    expect(room({ sending: 10 }).fix[0]?.text).toBe('ALTER SYSTEM SET max_wal_senders = 15;')
    const first = { ...facts, slot: undefined, room: { ...facts.room, used: 9 } }
    expect(evaluate(slotRules, 'source.slot-room', first).state).toBe('warn')
  })
})
