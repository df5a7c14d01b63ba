import { type FailureCode, PipelineError } from '../../core/failures.ts'

/** The SQLSTATE of a server's error or the system's error code; empty when it has none. */
export function errorCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const CODES: Readonly<Record<string, FailureCode>> = {
  '28000': 'source/authentication',
  '28P01': 'source/authentication',
  /* No such database: as wrong as a password, and no retry mends it. */
  '3D000': 'source/authentication',
  '42501': 'source/privilege',
  '53400': 'source/slots-exhausted',
}

/* What Node calls a certificate that it does not accept (API of node:tls); a server without TLS has no code. */
const UNTRUSTED =
  /^(ERR_TLS_|CERT_|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * Names an error of the source: by SQLSTATE or system code, never by message text. A connection
 * that was lost or refused is source/unreachable. `what` says what could not be done.
 */
export function toSourceError(cause: unknown, what: string): PipelineError {
  if (cause instanceof PipelineError) return cause
  const code = errorCodeOf(cause)
  const known = CODES[code] ?? (UNTRUSTED.test(code) ? 'source/tls' : undefined)
  return new PipelineError(known ?? 'source/unreachable', `${what}: ${describe(cause, code)}`, { cause })
}

/* The server's own message may hold values of rows; its SQLSTATE never does. */
function describe(cause: unknown, code: string): string {
  if (/^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E')) return `SQLSTATE ${code}`
  if (code !== '') return code
  return cause instanceof Error ? cause.message : 'unknown error'
}
