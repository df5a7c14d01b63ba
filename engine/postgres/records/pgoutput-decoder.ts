import { PipelineError } from '../../../core/failures/failures.ts'
import { NULL, TEXT, TupleView, UNCHANGED } from './tuple-view.ts'

export interface RelationColumn {
  readonly name: string
  readonly typeOid: number
  readonly typeModifier: number
  /** Part of the replica identity. */
  readonly isKey: boolean
}

export interface Relation {
  readonly kind: 'relation'
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** pg_class.relreplident: `d`, `f`, `i` or `n`. */
  readonly identity: string
  readonly columns: readonly RelationColumn[]
}

export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete'
  readonly oid: number
  /** `key`: only the columns of the replica identity; `full`: the whole old row. */
  readonly old: 'none' | 'key' | 'full'
}

/** The base type of a column's type, which for all but domains is the type itself, as of the change. */
export interface BaseType {
  readonly kind: 'type'
  /** Of the column's type. */
  readonly oid: number
  readonly schema: string
  readonly name: string
}

export type PgoutputMessage =
  | {
      readonly kind: 'begin'
      readonly commitLsn: bigint
      readonly commitMicros: bigint
      readonly xid: number
    }
  | { readonly kind: 'commit'; readonly commitLsn: bigint; readonly endLsn: bigint }
  | Relation
  | RowChange
  | BaseType
  | { readonly kind: 'origin'; readonly name: string }
  | { readonly kind: 'truncate'; readonly oids: readonly number[] }
  | { readonly kind: 'message'; readonly transactional: boolean; readonly prefix: string }

/** Decodes messages of the logical replication protocol, version 1. */
export class PgoutputDecoder {
  /** The new row of the last insert or update; valid until the next decode. */
  readonly row = new TupleView()
  /** The old row of the last update or delete that sent one; valid until the next decode. */
  readonly oldRow = new TupleView()
  private bytes: Buffer = Buffer.alloc(0)
  private at = 0

  /** Decodes one message that starts at `offset`. Throws source/protocol when it is cut short or unknown. */
  decode(bytes: Buffer, offset = 0): PgoutputMessage {
    this.bytes = bytes
    this.at = offset
    try {
      return this.message()
    } catch (cause) {
      if (cause instanceof RangeError)
        throw new PipelineError('source/protocol', 'a replication message is cut short', { cause })
      throw cause
    }
  }

  private message(): PgoutputMessage {
    const type = this.uint8()
    switch (type) {
      case 0x49:
        return this.insert()
      case 0x55:
        return this.update()
      case 0x44:
        return this.delete()
      case 0x42:
        return {
          kind: 'begin',
          commitLsn: this.uint64(),
          commitMicros: this.int64(),
          xid: this.uint32(),
        }
      case 0x43:
        return this.commit()
      case 0x52:
        return this.relation()
      case 0x59:
        /* An empty namespace stands for pg_catalog. */
        return {
          kind: 'type',
          oid: this.uint32(),
          schema: this.text() || 'pg_catalog',
          name: this.text(),
        }
      case 0x4f:
        this.skip(8)
        return { kind: 'origin', name: this.text() }
      case 0x54:
        return this.truncate()
      case 0x4d:
        return this.logicalMessage()
    }
    throw new PipelineError('source/protocol', `unknown replication message type ${type}`)
  }

  private commit(): PgoutputMessage {
    this.skip(1)
    const commitLsn = this.uint64()
    const endLsn = this.uint64()
    this.skip(8)
    return { kind: 'commit', commitLsn, endLsn }
  }

  private insert(): RowChange {
    const oid = this.uint32()
    if (this.uint8() !== 0x4e) throw this.badTuple()
    this.tuple(this.row)
    return { kind: 'insert', oid, old: 'none' }
  }

  private update(): RowChange {
    const oid = this.uint32()
    let type = this.uint8()
    let old: RowChange['old'] = 'none'
    if (type === 0x4b || type === 0x4f) {
      old = type === 0x4b ? 'key' : 'full'
      this.tuple(this.oldRow)
      type = this.uint8()
    }
    if (type !== 0x4e) throw this.badTuple()
    this.tuple(this.row)
    return { kind: 'update', oid, old }
  }

  private delete(): RowChange {
    const oid = this.uint32()
    const type = this.uint8()
    if (type !== 0x4b && type !== 0x4f) throw this.badTuple()
    this.tuple(this.oldRow)
    return { kind: 'delete', oid, old: type === 0x4b ? 'key' : 'full' }
  }

  private tuple(view: TupleView): void {
    const count = this.uint16()
    const { bytes } = this
    view.reset(bytes, count)
    for (let column = 0; column < count; column += 1) {
      const kind = this.uint8()
      if (kind === 0x74) {
        const start = this.at + 4
        const end = start + this.uint32()
        if (end > bytes.length) throw new RangeError('tuple')
        view.set(column, TEXT, start, end)
        this.at = end
      } else if (kind === 0x6e) view.set(column, NULL, 0, 0)
      else if (kind === 0x75) view.set(column, UNCHANGED, 0, 0)
      else throw new PipelineError('source/protocol', `a column arrived in the unknown form ${kind}`)
    }
  }

  private relation(): Relation {
    const oid = this.uint32()
    /* An empty namespace stands for pg_catalog. */
    const schema = this.text() || 'pg_catalog'
    const name = this.text()
    const identity = String.fromCharCode(this.uint8())
    const count = this.uint16()
    const columns: RelationColumn[] = []
    for (let i = 0; i < count; i += 1) {
      const flags = this.uint8()
      columns.push({
        name: this.text(),
        typeOid: this.uint32(),
        typeModifier: this.int32(),
        isKey: (flags & 1) === 1,
      })
    }
    return { kind: 'relation', oid, schema, name, identity, columns }
  }

  private truncate(): PgoutputMessage {
    const count = this.uint32()
    this.skip(1)
    if (this.at + count * 4 > this.bytes.length) throw new RangeError('truncate')
    const oids: number[] = []
    for (let i = 0; i < count; i += 1) oids.push(this.uint32())
    return { kind: 'truncate', oids }
  }

  private logicalMessage(): PgoutputMessage {
    const transactional = (this.uint8() & 1) === 1
    this.skip(8)
    const prefix = this.text()
    this.skip(this.uint32())
    return { kind: 'message', transactional, prefix }
  }

  private badTuple(): PipelineError {
    return new PipelineError('source/protocol', 'a row change without its row')
  }

  private skip(length: number): void {
    this.at += length
    if (this.at > this.bytes.length) throw new RangeError('skip')
  }

  private uint8(): number {
    const value = this.bytes.readUInt8(this.at)
    this.at += 1
    return value
  }

  private uint16(): number {
    const value = this.bytes.readUInt16BE(this.at)
    this.at += 2
    return value
  }

  private uint32(): number {
    const value = this.bytes.readUInt32BE(this.at)
    this.at += 4
    return value
  }

  private int32(): number {
    const value = this.bytes.readInt32BE(this.at)
    this.at += 4
    return value
  }

  private uint64(): bigint {
    const value = this.bytes.readBigUInt64BE(this.at)
    this.at += 8
    return value
  }

  private int64(): bigint {
    const value = this.bytes.readBigInt64BE(this.at)
    this.at += 8
    return value
  }

  private text(): string {
    const end = this.bytes.indexOf(0, this.at)
    if (end < 0) throw new RangeError('text')
    const text = this.bytes.toString('utf8', this.at, end)
    this.at = end + 1
    return text
  }
}
