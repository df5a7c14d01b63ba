/** How a change reaches capture: as it is, or as what its contract, or capture itself, refuses. */
export type Fate = 'accepted' | 'contract' | 'oversize' | 'broken text' | 'twice' | 'no old key'

export interface SentChange {
  readonly operation: 'insert' | 'update' | 'delete'
  readonly fate: Fate
  readonly ordinal: number
  /** The key and what else the record brings; a column that is left out did not change. */
  readonly row: { readonly id: number; readonly n?: number; readonly note?: string | null }
  readonly oldId?: number | undefined
}

/** The record of a change of `public.letters` as our replicator writes it, damaged as its fate says. */
export function letterRecord({ operation, fate, ordinal, row, oldId }: SentChange): Buffer {
  const own = fate === 'oversize' ? { id: row.id } : row
  const data = JSON.stringify(fate === 'contract' ? { ...own, n: -1 } : own)
  const isMoved = oldId !== undefined && fate !== 'no old key'
  const before = operation === 'update' ? `,"before-image":{${isMoved ? `"id":${oldId}` : ''}}` : ''
  const lsn = '00000000/00000100'
  const at = '2026-03-02T08:15:31.886717Z'
  const size = fate === 'oversize' ? ',"row-bytes":40000000' : ''
  const metadata = `"metadata":{"timestamp":"${at}","record-type":"data","operation":"${operation}","partition-key-type":"primary-key","schema-name":"public","table-name":"letters"${size},"transaction-id":7,"transaction-record-id":${ordinal},"commit-timestamp":"${at}","stream-position":"${lsn}.${ordinal}.${lsn}"}`
  if (fate === 'broken text')
    return Buffer.concat([
      Buffer.from(`{"data":${data.slice(0, -1)},"other":"`),
      Buffer.of(0xff, 0xc3),
      Buffer.from(`"}${before},${metadata}}\n`),
    ])
  const members = fate === 'twice' ? `${data.slice(0, -1)},"other":1,"other":2}` : data
  return Buffer.from(`{"data":${members}${before},${metadata}}\n`)
}
