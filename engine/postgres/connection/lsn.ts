import { PipelineError } from '../../../core/failures/failures.ts'

const LSN = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/

/** A log position from PostgreSQL's text (`16/B374D848`). Throws source/protocol for anything else. */
export function parseLsn(text: string): bigint {
  const [, high, low] = LSN.exec(text) ?? []
  if (high === undefined || low === undefined)
    throw new PipelineError('source/protocol', 'the server sent a log position in an unknown form')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** PostgreSQL's own text of a log position, as its functions and commands take it. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffff_ffffn).toString(16).toUpperCase()}`
}

/** The padded form in DMS's `stream-position`: always 17 characters. */
export function formatDmsLsn(lsn: bigint): string {
  const digits = lsn.toString(16).toUpperCase().padStart(16, '0')
  return `${digits.slice(0, 8)}/${digits.slice(8)}`
}
