import { hash } from 'node:crypto'
import { encodeChange, type RawChange } from '../page.ts'
import { MAX_ROW_BYTES } from '../row-limit.ts'
import type { QuarantineEntry } from './ports.ts'

/**
 * How a row beyond `MAX_ROW_BYTES` waits: under its table and position, with its size, and its key at least, by which a
 * proof lists it. `isKeyOnly` says that its other values were not kept.
 */
export function oversizeEntry(
  table: string,
  change: RawChange,
  { bytes, isKeyOnly }: { readonly bytes: number; readonly isKeyOnly: boolean },
): QuarantineEntry {
  /* Rows of one load share a position. */
  const row = change.operation === 'load' ? `#${digest(change.members)}` : ''
  const message = `the values of the row are larger than ${MAX_ROW_BYTES} bytes`
  const payload = `${encodeChange(change).trimEnd().slice(0, -1)},"row-bytes":${bytes},"key-only":${isKeyOnly}}`
  return {
    id: `${table}#${change.position}#size${row}`,
    stage: 'capture',
    table,
    contract: null,
    position: change.position,
    reasons: [{ code: 'capture/page-too-large', path: '', message }],
    payload,
    encoding: 'json',
  }
}

function digest(text: Buffer): string {
  return hash('sha256', text).slice(0, 32)
}
