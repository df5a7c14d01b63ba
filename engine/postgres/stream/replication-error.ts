import { PipelineError } from '../../../core/failures/failures.ts'
import { quoteLiteral } from '../connection/quote-identifier.ts'
import { isOfDatabase, type ServerMessage, serverWords } from '../connection/server-words.ts'
import { errorCodeOf, toSourceError } from '../connection/source-error.ts'

/** What the server's catalog says when a replication command has failed; undefined where it cannot be asked any more. */
export interface SlotLook {
  readonly isStandby: boolean
  readonly exists: boolean
  /** The server has given the slot up. */
  readonly isLost: boolean
}

/** What a notice of a stream means to its reader. */
export type NoticeMeaning = 'no-publication' | 'standby-waits' | 'other'

/* Sessions and prepared transactions that have written: a slot begins after them. */
const WRITERS =
  "SELECT 'session' AS kind, pid::text AS name, xact_start AS since FROM pg_stat_activity WHERE backend_xid IS NOT NULL UNION ALL SELECT 'prepared', gid, prepared FROM pg_prepared_xacts ORDER BY since;"

/** Why a slot could not be made. */
export function slotCreationError(slot: string, cause: unknown, look: SlotLook | undefined): PipelineError {
  if (cause instanceof PipelineError) return cause
  const code = errorCodeOf(cause)
  if (code === '42710')
    return new PipelineError(
      'source/slot-foreign',
      `slot ${slot} exists already: SELECT pg_drop_replication_slot(${quoteLiteral(slot)}); if nobody needs it`,
      { cause },
    )
  /* Other limits of configuration have the same SQLSTATE. */
  if (code === '53400' && isFrom(cause, ['ReplicationSlotCreate']))
    return new PipelineError(
      'source/slots-exhausted',
      'no replication slot is free: ALTER SYSTEM SET max_replication_slots = 20, then restart PostgreSQL',
      { cause },
    )
  if (code === '55P03') return olderTransaction(slot, cause)
  if (code === '0A000' && look?.isStandby === true)
    return new PipelineError('source/standby', `slot ${slot} cannot be made: the server is a standby`, {
      cause,
    })
  return toSourceError(cause, `cannot create slot ${slot}`)
}

/** A slot that waits too long for transactions that are older than it. */
export function olderTransaction(slot: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/transaction-open',
    `slot ${slot} waits for a transaction that is older than it: ${WRITERS}`,
    cause === undefined ? undefined : { cause },
  )
}

/** Why a stream did not begin. Whether the slot is lost is what the catalog says: many refusals have its SQLSTATE. */
export function startError(slot: string, cause: unknown, look: SlotLook | undefined): PipelineError {
  if (cause instanceof PipelineError) return cause
  if (errorCodeOf(cause) === '55006')
    return new PipelineError('source/slot-in-use', `another process reads slot ${slot}`, { cause })
  if (look?.exists === false || look?.isLost === true || isLogGone(cause))
    return new PipelineError(
      'source/slot-lost',
      look?.exists === false ? `slot ${slot} is gone` : `slot ${slot} has lost its log`,
      { cause },
    )
  return toSourceError(cause, `cannot read slot ${slot}`)
}

/** Why a stream that had begun has ended. */
export function streamError(
  { slot, publication }: { readonly slot: string; readonly publication: string },
  cause: unknown,
): PipelineError {
  if (cause instanceof PipelineError) return cause
  /* Undefined object, while decoding: the slot is older than the publication, or it was dropped. */
  if (errorCodeOf(cause) === '42704' && isFrom(cause, ['get_publication_oid', 'LoadPublications']))
    return noPublication(publication, cause)
  if (isLogGone(cause))
    return new PipelineError('source/slot-lost', `slot ${slot} has lost its log`, { cause })
  /* The wait for a standby is a warning, and an error only while the server stops. */
  if (isOfDatabase(cause) && meaningOf(cause) === 'standby-waits')
    return new PipelineError('source/unreachable', 'the server stops', { cause })
  return toSourceError(cause, `the stream of slot ${slot} broke off`)
}

/** Told by the place in the server that sends it: SQLSTATE 55000 has many meanings, and the text any language. */
export function meaningOf(notice: ServerMessage): NoticeMeaning {
  /* From PostgreSQL 18 on a publication that does not exist is only a warning, and its changes are skipped in silence. */
  if (notice.code === '55000' && notice.routine === 'LoadPublications') return 'no-publication'
  if (notice.routine === 'StandbySlotsHaveCaughtup') return 'standby-waits'
  return 'other'
}

/** A notice on one line, as far as it holds no value of a row. */
export function noticeText(notice: ServerMessage): string {
  return [`SQLSTATE ${notice.code}`, ...serverWords(notice)].join(': ')
}

/** Its changes are not in the stream, and the server does not say which. */
export function noPublication(publication: string, cause?: unknown): PipelineError {
  return new PipelineError(
    'source/publication',
    `publication ${publication} did not exist at the slot's position: what changed since is not in the stream: npx tidemark dev --reload`,
    cause === undefined ? undefined : { cause },
  )
}

/* A server in between may leave the fields out; then the SQLSTATE alone has to do. */
function isFrom(cause: unknown, routines: readonly string[]): boolean {
  if (!isOfDatabase(cause)) return false
  return cause.routine === undefined || routines.includes(cause.routine)
}

/* Undefined file, where the server opens its log. */
function isLogGone(cause: unknown): boolean {
  return errorCodeOf(cause) === '58P01' && isFrom(cause, ['WalSndSegmentOpen', 'XLogRead', 'WALRead'])
}
