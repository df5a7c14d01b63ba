import type { ClientBase } from 'pg'
import { plural } from '../../core/amount-text.ts'
import {
  type CheckResult,
  examine,
  fail,
  ok,
  type Rule,
  refuse,
  step,
  unknown,
  type Verdict,
} from '../../core/check.ts'
import { sourceTableName } from '../../core/source-table-name.ts'
import {
  readSilentTables,
  readSourceCatalog,
  type SourceTable,
} from '../../engine/postgres/catalog/source-catalog.ts'
import {
  readServer,
  readTableFacts,
  type ServerFacts,
  type SourceReader,
} from '../../engine/postgres/catalog/source-facts.ts'
import { tableMatcher } from '../../engine/postgres/catalog/table-pattern.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../engine/postgres/connection/source-connection.ts'
import { toSourceError } from '../../engine/postgres/connection/source-error.ts'
import { addressOf } from '../../engine/postgres/connection/source-url.ts'
import { ownPlugins } from '../../engine/postgres/rules/check-slot.ts'
import { readPublication } from '../../engine/postgres/rules/publication-state.ts'
import { readSlot, readSlotRoom } from '../../engine/postgres/rules/slot-facts.ts'
import { dmsPlugins, slotRules } from '../../engine/postgres/rules/slot-rules.ts'
import { serverRules } from '../../engine/postgres/rules/source-rules.ts'
import { type LeftOutTable, sortTables, tableRules } from '../../engine/postgres/rules/table-rules.ts'
import { readIdentity } from '../run/tables/inspect-source.ts'
import { readLargeColumns } from './relation-look.ts'
import { contractRules, publicationRules, relationRules } from './relation-rules.ts'
import { readDdlAudit, readOnly, readSessions, readSettings } from './server-look.ts'
import { ddlAuditRules, sessionRules, settingRules } from './server-rules.ts'
import { slotLogRule } from './slot-log-rule.ts'

export interface SourceExamination {
  readonly reader: SourceReader
  readonly patterns: readonly string[]
  /** Tables that a start takes whatever the patterns say, as `checkSource` does. */
  readonly also?: readonly string[]
  /** Tables that a start would find no contract for, of those that it can follow. */
  readonly unchosen?: (tables: readonly SourceTable[]) => Promise<readonly LeftOutTable[] | undefined>
  readonly slot: string
  readonly publication: string
  /** Whether a run folder says that it made the slot; undefined when no folder was named. */
  readonly known: boolean | undefined
  /** How far that folder told the slot that everything is durable, read when it is called. */
  readonly acknowledged?: (() => Promise<bigint | undefined>) | undefined
  /** The database of that folder, as `readIdentity` gives it: of another one nothing is judged, least of all its slots. */
  readonly expected?:
    | { readonly system: string; readonly database: string; readonly address: string }
    | undefined
  /** How long a transaction may stand open, seconds (default 300). */
  readonly limitSeconds?: number
}

/** The checks that are no rule over facts: whether facts can be had at all. */
const reachable: Pick<Rule<unknown>, 'id' | 'title'>[] = [
  { id: 'source.connection', title: 'the server can be reached, and takes the role and its password' },
  { id: 'source.tables', title: 'the patterns of --tables name tables that are there' },
]

/** Every check of a source, for the list of them. */
export const sourceRules: readonly Pick<Rule<unknown>, 'id' | 'title'>[] = [
  ...reachable,
  ...settingRules,
  ...serverRules,
  ...tableRules,
  ...contractRules,
  ...publicationRules,
  ...slotRules,
  slotLogRule,
  ...sessionRules,
  ...relationRules,
  ...ddlAuditRules,
]

/**
 * Looks at a source in read-only transactions and judges everything that a pipeline needs of it. A check that cannot be
 * made is `unknown` and stops no other; without a connection there is that one finding. Throws nothing of the source.
 */
export async function examineSource(
  source: Source,
  options: SourceExamination,
): Promise<readonly CheckResult[]> {
  let client: Awaited<ReturnType<typeof connectSource>>
  try {
    client = await connectSource(source, { applicationName: 'tidemark doctor', queryMs: 20_000 })
  } catch (error) {
    return [{ id: 'source.connection', ...refused(error) }]
  }
  try {
    const other = await refusedIdentity(client, options)
    if (other !== undefined) return [{ id: 'source.connection', ...other }]
    const reached = { id: 'source.connection', ...ok(`connected to ${addressOf(source)}`) }
    return [reached, ...(await examineServer(client, addressOf(source).split('/')[0] ?? '', options))]
  } finally {
    await closeClient(client)
  }
}

async function refusedIdentity(
  client: ClientBase,
  { expected }: SourceExamination,
): Promise<Verdict | undefined> {
  if (expected === undefined) return undefined
  try {
    const { system, database } = await readOnly(client, () => readIdentity(client))
    if (system === expected.system && database === expected.database) return undefined
    return refuse(
      'run/bad-folder',
      `the folder holds the lake of ${expected.address}, and this is another database`,
      step('name the source of the folder; if this server takes its place: npx tidemark dev --replaced'),
    )
  } catch (error) {
    return refused(error)
  }
}

async function examineServer(
  client: ClientBase,
  host: string,
  options: SourceExamination,
): Promise<readonly CheckResult[]> {
  const { reader, slot: name, known, limitSeconds = 300 } = options
  const look = <F>(rules: readonly Rule<F>[], read: () => Promise<F>) =>
    examine(rules, () => readOnly(client, read), notLooked)
  let server: ServerFacts | undefined
  const ofServer = await look(serverRules, async () => {
    server = await readServer(client)
    return server
  })
  if (server === undefined) return ofServer
  const { version, isRds, role } = server
  const ofSettings = await look(settingRules, () => readSettings(client, { host, version, isRds, reader }))
  const plugins = reader === 'dms' ? dmsPlugins : ownPlugins
  const ofSlot = await look([...slotRules, slotLogRule], async () => {
    const [slot, room] = [await readSlot(client, name), await readSlotRoom(client)]
    return { name, slot, room, known, plugins, acknowledged: await options.acknowledged?.() }
  })
  const ofSessions = await look(sessionRules, () => readSessions(client, { role, limitSeconds }))
  const ofDdl = reader === 'dms' ? await look(ddlAuditRules, () => readDdlAudit(client)) : []
  return [
    ...ofServer,
    ...ofSettings,
    ...(await examineTables(client, server, options)),
    ...ofSlot,
    ...ofSessions,
    ...ofDdl,
  ]
}

async function examineTables(
  client: ClientBase,
  server: ServerFacts,
  { reader, patterns, also, unchosen, publication, known }: SourceExamination,
): Promise<readonly CheckResult[]> {
  const id = 'source.tables'
  let tables: readonly SourceTable[]
  try {
    tables = await readOnly(client, () => readSourceCatalog(client, patterns, also))
  } catch (error) {
    return [{ id, ...refused(error) }]
  }
  const look = <F>(rules: readonly Rule<F>[], read: () => Promise<F>) =>
    examine(rules, () => readOnly(client, read), notLooked)
  /* What a start leaves out is not judged as if it were followed. */
  let followed = tables
  const ofTables = await look(tableRules, async () => {
    const facts = await readTableFacts(client, { server, tables, reader })
    followed = sortTables(facts).tables
    return facts
  })
  const ofContracts =
    reader === 'dms'
      ? []
      : await look(contractRules, async () => {
          const leftOut = unchosen === undefined ? [] : await unchosen(followed)
          const names = new Set(leftOut?.map(({ table }) => table))
          followed = followed.filter((table) => !names.has(sourceTableName(table)))
          return { tables: followed, leftOut }
        })
  const ofPublication =
    reader === 'dms'
      ? []
      : await look(publicationRules, async () => ({
          tables: followed,
          publication: await readPublication(client, publication, followed),
          isRead: known === true,
        }))
  const ofRelations = await look(relationRules, async () => ({
    reader,
    tables: followed,
    silent: (await readSilentTables(client)).filter(tableMatcher(patterns)),
    large: await readLargeColumns(client, followed),
  }))
  return [
    { id, ...ok(plural(tables.length, 'table')) },
    ...ofTables,
    ...ofContracts,
    ...ofPublication,
    ...ofRelations,
  ]
}

/* A failure of ours has its name and its advice; whatever else the server says has its SQLSTATE. */
function refused(error: unknown): Verdict {
  const { code, message, advice } = toSourceError(error, 'the source cannot be read')
  return { ...fail(message, { kind: 'step', text: advice }), code }
}

function notLooked(error: unknown): Verdict {
  return unknown(`not checked: ${toSourceError(error, 'the query failed').message}`)
}
