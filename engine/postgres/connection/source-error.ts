import { type FailureCode, PipelineError } from '../../../core/failures/failures.ts'
import { isOfDatabase, serverWords } from './server-words.ts'

/** The SQLSTATE of a server's error or the system's error code; empty when it has none. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** What PostgreSQL calls its states, by whole SQLSTATE and else by class: appendix A of its manual. */
const STATES: Readonly<Record<string, FailureCode>> = {
  '28': 'source/authentication',
  '3D': 'source/no-database',
  '42501': 'source/privilege',
  /* The connection, and a server that stops, starts or crashed. */
  '08': 'source/unreachable',
  '57P01': 'source/unreachable',
  '57P02': 'source/unreachable',
  '57P03': 'source/unreachable',
  '53300': 'source/connections-exhausted',
  /* A limit of time, or somebody who cancels. */
  '57014': 'source/timeout',
  '57P05': 'source/timeout',
  '25P03': 'source/timeout',
  '25P04': 'source/timeout',
  '55P03': 'source/timeout',
  '25006': 'source/read-only',
}

/* What Node calls a certificate that it does not accept (API of node:tls); a server without TLS has no code. */
const UNTRUSTED =
  /^(ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * Names an error of the source: by SQLSTATE or system code, never by message text. What the server refuses and has no
 * name here is source/query-failed; a connection that was lost or refused is source/unreachable. `what` says what could
 * not be done.
 */
export function toSourceError(cause: unknown, what: string): PipelineError {
  if (cause instanceof PipelineError) return cause
  return new PipelineError(sourceCodeOf(cause), `${what}: ${describe(cause)}`, { cause })
}

/* Of the codes of the system those of sockets and names: a full disk is not of the source. */
const OF_NETWORK = /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/

/* What the driver says of a connection that ended, or of an answer that did not come; these have no code. */
const OF_DRIVER = /^(Connection terminated|Query read timeout|timeout expired|Client (has|was))/

/** Whether an error is the server's, the network's or the driver's, and none of ours. */
export function isOfSource(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof PipelineError) return false
  return isOfDatabase(error) || OF_NETWORK.test(errorCodeOf(error)) || OF_DRIVER.test(error.message)
}

const AWAY: readonly FailureCode[] = ['source/unreachable', 'source/connections-exhausted']

/** Whether the source will be there again by itself: nothing of what was asked is wrong. */
export function isAway(error: unknown): boolean {
  return error instanceof PipelineError && AWAY.includes(error.code)
}

function sourceCodeOf(cause: unknown): FailureCode {
  const code = errorCodeOf(cause)
  /* Other limits of configuration have the same SQLSTATE; temporary files are what this place of the server writes. */
  if (isOfDatabase(cause) && code === '53400' && cause.file === 'fd.c') return 'source/temp-files'
  if (isOfDatabase(cause)) return STATES[code] ?? STATES[code.slice(0, 2)] ?? 'source/query-failed'
  return UNTRUSTED.test(code) ? 'source/tls' : 'source/unreachable'
}

/** SQLSTATE and, where they hold no value of a row, the words of the server; of the system its code. */
export function describe(cause: unknown): string {
  const code = errorCodeOf(cause)
  if (isOfDatabase(cause)) return [`SQLSTATE ${code}`, ...serverWords(cause)].join(': ')
  if (code !== '') return code
  return cause instanceof Error ? cause.message : 'unknown error'
}
