/**
 * A place in the commit order of a source, as text whose order is that order:
 * `<epoch>-<LSN>-<ordinal and step>`, zero-padded lower-case hex, always 32 characters.
 * - epoch: raised by an operator when a source is restored or replaced and its LSNs start over;
 * - LSN: of the transaction's commit; of a change that DMS read, of its own record where DMS says so (`positionFromDms`);
 * - ordinal: of the change in its transaction, from 1; 0 is before all of them (rows of a load);
 * - step: 0, or 1 for the second lake row of one change (the insert of a primary-key update).
 * Of a DynamoDB stream the sequence number stands in the place of LSN and ordinal.
 */
export type Position = string

export interface PositionParts {
  readonly epoch: number
  readonly lsn: bigint
  readonly ordinal: number
  readonly step: 0 | 1
}

const POSITION = /^([0-9a-f]{4})-([0-9a-f]{16})-([0-9a-f]{9})([01])$/
const MAX_ORDINAL = 2 ** 36 - 1
/* DMS user guide, Kinesis as a target, has no form of it; this one is that of real records. */
const STREAM_POSITION = /^[0-9A-Fa-f]{8}\/[0-9A-Fa-f]{8}\.\d+\.([0-9A-Fa-f]{8})\/([0-9A-Fa-f]{8})$/

/** Throws RangeError for parts outside their width: a position is never cut. */
export function formatPosition({ epoch, lsn, ordinal, step }: PositionParts): Position {
  checkEpoch(epoch)
  if (lsn < 0n || lsn > 0xffff_ffff_ffff_ffffn) throw new RangeError(`LSN ${lsn}`)
  if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal > MAX_ORDINAL)
    throw new RangeError(`ordinal ${ordinal}`)
  return `${hex(epoch, 4)}-${hex(lsn, 16)}-${hex(ordinal, 9)}${step}`
}

export function parsePosition(text: Position): PositionParts {
  const [, epoch, lsn, ordinal, step] = POSITION.exec(text) ?? []
  if (epoch === undefined || lsn === undefined || ordinal === undefined)
    throw new SyntaxError('not a position: 32 characters of <epoch>-<lsn>-<ordinal>')
  return {
    epoch: Number.parseInt(epoch, 16),
    lsn: BigInt(`0x${lsn}`),
    ordinal: Number.parseInt(ordinal, 16),
    step: step === '1' ? 1 : 0,
  }
}

export function isPosition(text: string): boolean {
  return POSITION.test(text)
}

/** The place of the rows that a load read: after every commit before `lsn`, before every later one. */
export function loadPosition(epoch: number, lsn: bigint): Position {
  return formatPosition({ epoch, lsn, ordinal: 0, step: 0 })
}

/** The second lake row of one change: one position after the first. */
export function nextStep(position: Position): Position {
  return `${position.slice(0, -1)}1`
}

/**
 * Position of a change from DMS's `stream-position`, `<LSN>.<n>.<LSN>`, and `transaction-record-id`; undefined if it is in
 * another form. Throws RangeError for an epoch outside its width.
 *
 * The second LSN counts. What the two are is documented nowhere; they seem to be the transaction's first record and the
 * change's own. Whether the second is the change's own or the commit's, it rises with the commits of a row: the next
 * writer of a row waits until the one before has committed, so its record lies behind that commit in the log. The first
 * would not: of two transactions that overlap, the one that began first may write the row last.
 */
export function positionFromDms(
  epoch: number,
  streamPosition: string,
  ordinal: number,
): Position | undefined {
  checkEpoch(epoch)
  if (!Number.isInteger(ordinal) || ordinal < 1 || ordinal > MAX_ORDINAL) return undefined
  const place = placeOfStream(streamPosition)
  return place === undefined ? undefined : `${hex(epoch, 4)}-${place}-${hex(ordinal, 9)}0`
}

/* The changes of a transaction differ in the digits between its LSNs. */
let lastStream = { head: '', tail: '', place: '' }

/* The second LSN, without its slash. */
function placeOfStream(text: string): string | undefined {
  const { head, tail } = lastStream
  const isLast = tail !== '' && text.startsWith(head) && text.endsWith(tail)
  if (isLast && areDigits(text, head.length, text.length - tail.length)) return lastStream.place
  const [, high, low] = STREAM_POSITION.exec(text) ?? []
  if (high === undefined || low === undefined) return undefined
  const place = `${high.toLowerCase()}${low.toLowerCase()}`
  lastStream = { head: text.slice(0, text.indexOf('.') + 1), tail: text.slice(text.lastIndexOf('.')), place }
  return place
}

/* One digit or more. */
function areDigits(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code < 0x30 || code > 0x39) return false
  }
  return end > start
}

/**
 * Position of a change from the sequence number of its DynamoDB stream record, which grows with the changes of an item
 * (API reference, StreamRecord: 21 to 40 digits). Its hex digits are those of LSN and ordinal; undefined when it is no
 * number below 2^100, for it is never cut. Throws RangeError for an epoch outside its width.
 */
export function positionFromSequence(epoch: number, sequence: string): Position | undefined {
  checkEpoch(epoch)
  if (!/^\d{1,40}$/.test(sequence)) return undefined
  const digits = hex(BigInt(sequence), 25)
  return digits.length > 25 ? undefined : `${hex(epoch, 4)}-${digits.slice(0, 16)}-${digits.slice(16)}0`
}

function checkEpoch(epoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > 0xffff) throw new RangeError(`epoch ${epoch}`)
}

function hex(value: number | bigint, width: number): string {
  return value.toString(16).padStart(width, '0')
}
