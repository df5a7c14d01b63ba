import { hash } from 'node:crypto'
import { PipelineError } from '../../core/failures/failures.ts'
import { encodePages, type Page, type RawChange } from '../../core/page.ts'
import { oversizeEntry } from '../../core/ports/oversize-entry.ts'
import type { Logger, Quarantine, QuarantineEntry, RawStore } from '../../core/ports/ports.ts'
import { imageMembers, refusedChange } from '../../core/refused-change.ts'
import { MAX_ROW_BYTES } from '../../core/row-limit.ts'
import type { StreamRecord } from '../../core/stream-record.ts'
import type { CertainParts } from './certain-parts.ts'
import type { DmsRecord } from './decode-dms.ts'
import { UnreadRecord } from './unread-record.ts'

export interface CaptureDeps {
  readonly shard: string
  readonly decode: (data: Buffer, partitionKey: string) => DmsRecord
  readonly store: Pick<RawStore, 'put'>
  readonly quarantine: Pick<Quarantine, 'put'>
  readonly log: Logger
  /** Told of control records: data definition at the source. */
  readonly control?: (table: string, operation: string) => Promise<void>
}

/** Counts of one batch: records = changes + control + bookkeeping + quarantined. */
export interface CaptureResult {
  readonly records: number
  readonly changes: number
  readonly control: number
  readonly bookkeeping: number
  readonly quarantined: number
}

/**
 * Stores a batch of one shard: when it resolves every record is durable, in the raw store or, if it cannot be
 * decoded or its row is beyond `MAX_ROW_BYTES`, in quarantine. It looks into no row: a contract can be wrong, the change must be kept.
 * In the place of a change that goes to quarantine a page has what is certain of it, so that format can leave its mark.
 * Running it again with the same records changes nothing. Throws when a store cannot be written; nothing is
 * then to be acknowledged.
 */
export async function captureBatch(
  records: readonly StreamRecord[],
  deps: CaptureDeps,
): Promise<CaptureResult> {
  const { shard, decode, store, quarantine, log } = deps
  const byTable = new Map<string, { sequence: string; changes: RawChange[] }>()
  const keep = (table: string, sequence: string, change: RawChange) => {
    const held = byTable.get(table)
    if (held === undefined) byTable.set(table, { sequence, changes: [change] })
    else held.changes.push(change)
  }
  const refused: QuarantineEntry[] = []
  const refuse = (entry: QuarantineEntry, sequence: string, change: RawChange | undefined) => {
    refused.push(entry)
    if (entry.table !== null && change !== undefined) keep(entry.table, sequence, change)
  }
  const definitions: { table: string; operation: string }[] = []
  let bookkeeping = 0
  let changes = 0

  for (const record of records) {
    try {
      const decoded = decode(record.data, record.partitionKey)
      if (decoded.kind === 'change') {
        if (record.refusal !== undefined) {
          log.warn('capture.refused', { code: record.refusal.code, table: decoded.table })
          refuse(setAside(record, record.refusal, decoded), record.sequence, refusedChange(decoded.change))
          continue
        }
        const bytes = decoded.rowBytes ?? rowBytes(record, decoded.change)
        if (bytes > MAX_ROW_BYTES) {
          log.warn('capture.oversize', { table: decoded.table, bytes, sequence: record.sequence })
          const isKeyOnly = decoded.rowBytes !== undefined
          refuse(
            oversizeEntry(decoded.table, decoded.change, { bytes, isKeyOnly }),
            record.sequence,
            refusedChange(decoded.change),
          )
          continue
        }
        changes += 1
        keep(decoded.table, record.sequence, decoded.change)
      } else if (decoded.kind === 'control') {
        definitions.push(decoded)
        log.info('capture.control', { table: decoded.table, operation: decoded.operation })
      } else bookkeeping += 1
    } catch (error) {
      if (!(error instanceof PipelineError) || error.action !== 'quarantine') throw error
      log.warn('capture.refused', { code: error.code, sequence: record.sequence })
      const parts = error instanceof UnreadRecord ? error.parts : undefined
      refuse(refusal(record, error, parts), record.sequence, parts && markOf(parts))
    }
  }

  const pages: Page[] = []
  for (const [table, { sequence, changes: found }] of byTable)
    pages.push(...(await encodePages(table, { shard, sequence }, inOrder(found))))
  /* Quarantine first: a crash in between repeats the batch, and both stores know what they have. */
  if (refused.length > 0) await quarantine.put(refused)
  if (pages.length > 0) await store.put(pages)
  for (const { table, operation } of definitions) await deps.control?.(table, operation)
  return {
    records: records.length,
    changes,
    control: definitions.length,
    bookkeeping,
    quarantined: refused.length,
  }
}

/* A shard may bring changes out of order (PutRecords retries); a page never holds them so. The sort is stable and free when they are in order. */
function inOrder(changes: RawChange[]): readonly RawChange[] {
  return changes.sort((left, right) =>
    left.position < right.position ? -1 : left.position > right.position ? 1 : 0,
  )
}

/* Of its values as text; only a record that is larger itself may have so many. */
function rowBytes({ data }: StreamRecord, { members }: RawChange): number {
  if (data.length <= MAX_ROW_BYTES) return data.length
  const { data: row }: { readonly data: Readonly<Record<string, unknown>> } = JSON.parse(
    `{${members.toString('utf8')}}`,
  )
  return Object.values(row).reduce<number>((sum, value) => {
    if (value === null) return sum
    return sum + Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value))
  }, 0)
}

/* Whole and with its place, so that the same change waits once however often it is delivered. */
function setAside(
  { data }: StreamRecord,
  { code, message }: NonNullable<StreamRecord['refusal']>,
  { table, change: { position } }: Extract<DmsRecord, { kind: 'change' }>,
): QuarantineEntry {
  return {
    id: `capture#${table}#${position}`,
    stage: 'capture',
    table,
    contract: null,
    position,
    reasons: [{ code, path: '', message }],
    payload: data.toString('base64'),
    encoding: 'base64',
  }
}

function markOf({ position, committedAt, bringsValues, data, before }: CertainParts): RawChange | undefined {
  if (position === null || !bringsValues) return undefined
  return { operation: 'refused', position, committedAt, members: imageMembers(data, before) }
}

function refusal(
  { data }: StreamRecord,
  error: PipelineError,
  parts: CertainParts | undefined,
): QuarantineEntry {
  return {
    id: `capture#${hash('sha256', data)}`,
    stage: 'capture',
    table: parts?.table ?? null,
    contract: null,
    position: parts?.position ?? null,
    reasons: [{ code: error.code, path: '', message: error.message }],
    payload: data.toString('base64'),
    encoding: 'base64',
  }
}
