import type { ClientBase } from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'
import { sourceTableName } from '../../../core/source-table-name.ts'
import type { SourceTable } from '../../../engine/postgres/catalog/source-catalog.ts'
import { quoteIdentifier, quoteTable } from '../../../engine/postgres/connection/quote-identifier.ts'
import {
  closeClient,
  connectSource,
  type Source,
} from '../../../engine/postgres/connection/source-connection.ts'
import { addressOf } from '../../../engine/postgres/connection/source-url.ts'
import { checkSource, refuseNone } from '../../../engine/postgres/rules/check-source.ts'
import {
  type PublicationState,
  readPublication,
  refusedWrites,
} from '../../../engine/postgres/rules/publication-state.ts'
import { sortPublished } from '../../../engine/postgres/rules/sort-published.ts'
import type { LeftOutTable } from '../../../engine/postgres/rules/table-rules.ts'
import { readAcknowledged } from '../../state/acknowledged.ts'
import type { RunFolder } from '../../state/run-folder.ts'
import { RunState, type RunStateData } from '../../state/run-state.ts'
import { readDocuments } from '../../state/state-file.ts'

export interface InspectOptions {
  readonly source: Source
  readonly isEmbedded: boolean
  /** Name of the source system in contracts. */
  readonly system: string
  readonly patterns: readonly string[]
  readonly slot: string
  readonly publication: string
  /** A new slot and every table loaded again, in a new epoch. */
  readonly reload: boolean
  /** A reload from a server that takes the place of the one that the folder knows. */
  readonly replaced?: boolean
  /** Of a folder whose state of capture is lost: the epoch that outranks all that is in its lake. */
  readonly epoch?: number | undefined
}

export interface InspectedSource {
  /** What the folder is to know of the source from now on. */
  readonly data: RunStateData
  readonly sources: readonly SourceTable[]
  /** Tables that are not followed though they were asked for, and those that the publication keeps from being written. */
  readonly leftOut: readonly LeftOutTable[]
}

/**
 * Checks the source, and takes up what the folder knows of it: a slot whose making was cut off is made again. Nothing is
 * written, so a source that is refused leaves no trace in the folder. Throws `source/…`, and `run/bad-folder` for the folder of
 * another source.
 */
export async function inspectSource(options: InspectOptions, folder: RunFolder): Promise<InspectedSource> {
  const { source, patterns, slot, publication, isEmbedded, replaced: isReplaced = false } = options
  const reload = options.reload || isReplaced
  const client = await connectSource(source, { applicationName: 'tidemark check' })
  try {
    const identity = await readIdentity(client)
    const fresh: RunStateData = {
      source: {
        ...identity,
        name: options.system,
        address: isEmbedded ? 'embedded PostgreSQL' : addressOf(source),
        isEmbedded,
      },
      slot,
      publication,
      slotState: 'none',
      epoch: options.epoch ?? 1,
      loads: {},
      added: [],
    }
    const before = await readDocuments(folder, (documents) => RunState.read(documents, fresh, { isReplaced }))
    const isOther = before !== undefined && before.source.system !== identity.system
    /* A slot whose making was cut off goes too, and is made again by the run. On another server there is none of ours. */
    const isDropped =
      !isOther &&
      (options.epoch !== undefined ||
        before?.slotState === 'creating' ||
        (reload && before?.slotState === 'created'))
    if (isDropped) await dropOwnSlot(client, slot)
    const known = before?.slotState === 'created' && !isDropped && !isOther
    const { added = [] } = before ?? {}
    const acknowledged = () => readAcknowledged(folder.acknowledged)
    const checked = await checkSource(client, {
      slot,
      patterns,
      also: added,
      known,
      acknowledged,
    })
    const published = await readPublication(client, before?.publication ?? publication, checked.tables)
    const { tables, leftOut: narrowed } = sortPublished(published, checked.tables)
    const leftOut = [...checked.leftOut, ...narrowed]
    refuseNone(tables, leftOut)
    const data: RunStateData = {
      ...(before ?? fresh),
      loads: before === undefined ? {} : lastingLoads(published, tables, before),
      ...(isDropped || isOther ? { slotState: 'none', loads: {} } : {}),
      ...(isOther ? { source: fresh.source } : {}),
      /* The log of a restored server uses numbers again: what is read from now on outranks all that was. */
      ...(before !== undefined && (reload || isOther) ? { epoch: before.epoch + 1 } : {}),
    }
    return { data, sources: tables, leftOut: withRefused(leftOut, published) }
  } finally {
    await closeClient(client)
  }
}

/*
 * What a table did while nobody followed it, or the publication left it out, never comes: it is loaded again. A table that
 * was never loaded has nothing to lose.
 */
function lastingLoads(
  { found }: PublicationState,
  tables: readonly SourceTable[],
  { loads }: RunStateData,
): RunStateData['loads'] {
  return Object.fromEntries(
    tables.flatMap((table) => {
      const name = sourceTableName(table)
      const load = loads[name]
      const isWhole =
        found === undefined ||
        (found.hasAllKinds && found.members.get(quoteTable(table))?.isNarrowed === false)
      return load === undefined || (load.state === 'complete' && !isWhole) ? [] : [[name, load]]
    }),
  )
}

/* That the application cannot write a table says more than that it is left out. */
function withRefused(leftOut: readonly LeftOutTable[], published: PublicationState): readonly LeftOutTable[] {
  const refused = refusedWrites(published)
  const others = leftOut.filter(({ table }) => !refused.some((one) => one.table === table))
  return [...refused, ...others]
}

/**
 * What tells one database from every other, a restored copy on another server included. Throws `source/privilege` with the
 * statement where the role may not ask.
 */
export async function readIdentity(
  client: ClientBase,
): Promise<{ readonly system: string; readonly database: string }> {
  const role = await client.query<{ name: string; may: string }>(
    `select current_user::text as name, has_function_privilege('pg_control_system()', 'EXECUTE')::text as may`,
  )
  const { name = '', may } = role.rows[0] ?? {}
  if (may !== 'true')
    throw new PipelineError(
      'source/privilege',
      `the role may not ask which server this is: GRANT EXECUTE ON FUNCTION pg_control_system() TO ${quoteIdentifier(name)};`,
    )
  const { rows } = await client.query<{ system: string; database: string }>(
    'select system_identifier::text as system, current_database()::text as database from pg_control_system()',
  )
  return { system: rows[0]?.system ?? '', database: rows[0]?.database ?? '' }
}

/** Drops the slot that this folder made, if it is still there. Throws `source/slot-in-use` when someone reads it. */
async function dropOwnSlot(client: ClientBase, slot: string): Promise<void> {
  try {
    await client.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
      [slot],
    )
  } catch (cause) {
    throw new PipelineError('source/slot-in-use', `slot ${slot} cannot be dropped`, { cause })
  }
}
