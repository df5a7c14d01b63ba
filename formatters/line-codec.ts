import type { CanonicalValue } from '../core/block.ts'
import type { ByteWriter } from '../core/bytes/byte-writer.ts'
import type { FlatShape } from '../core/bytes/flat-reader.ts'
import type { PageLines } from '../core/bytes/page-lines.ts'
import { valueKind } from '../core/bytes/value-reader.ts'
import type { Table } from '../core/contract/language/table.ts'
import type { MaskKey } from '../core/contract/masking/pii.ts'
import { type JsonValue, parseJson } from '../core/json.ts'
import type { Reason } from '../core/ports/ports.ts'
import { brokenChecksOf } from './broken-checks.ts'
import { columnWriterOf } from './column-writer.ts'
import { type CompiledColumn, canonicalOf, compileColumns } from './compiled-column.ts'
import type { ValuePlace, WriteValue } from './value-writer.ts'

/** Applies one contract to the lines of pages, from bytes to bytes. */
export interface LineCodec {
  /**
   * Writes the lake row of a flat line, as a line of a block. False when it cannot be sure of it, a line that is refused
   * among them: the row codec, the reference, says then what becomes of the change; what was written is to be undone.
   */
  write(line: PageLines, out: ByteWriter, revision: number): boolean
}

/** The line codec of a contract: of every line it is sure of it writes the very bytes of the row codec. */
export function lineCodec(table: Table, key: MaskKey): LineCodec {
  return new FlatCodec(table, key)
}

interface FastColumn {
  readonly column: CompiledColumn
  /** From bytes to bytes, where no rule of the column asks for more. */
  readonly fast: WriteValue | undefined
  /** Whether a check across columns asks for its value. */
  readonly isChecked: boolean
}

/** How lines with the same names are written. */
interface Plan {
  /** Of each column its place among the members; below zero for one that has none. */
  readonly members: Int32Array
  /** What is written in the place of a member that is missing. */
  readonly constants: readonly Buffer[]
  /** The names of `_absent` as JSON. */
  readonly absent: Buffer
}

const [COMMA, CLOSE, LINE_END] = [0x2c, 0x5d, 0x0a]
const NULL = Buffer.from('null')
/* A table has a few; beyond them a line is planned by the reference. */
const MAX_PLANS = 1_000

class FlatCodec implements LineCodec {
  private readonly table: Table
  private readonly columns: readonly FastColumn[]
  private readonly known: ReadonlySet<string>
  private readonly brokenChecks: ReturnType<typeof brokenChecksOf>
  private readonly hasChecks: boolean
  private readonly plans = { image: plansByShape(), gaps: plansByShape(), delete: plansByShape() }
  /* The changes of a transaction have one. */
  private lastMillis: number | null = null
  private lastMillisText = 'null'
  /* Of the line that is being written. */
  private readonly checked = new Map<string, CanonicalValue>()
  private readonly checkedValue = (name: string): CanonicalValue => this.checked.get(name) ?? null
  private readonly place: { -readonly [K in keyof ValuePlace]: ValuePlace[K] } = {
    bytes: Buffer.alloc(0),
    kind: 0,
    start: 0,
    end: 0,
  }

  constructor(table: Table, key: MaskKey) {
    this.table = table
    const checked = new Set((table.checks ?? []).flatMap(({ left, right }) => [left, right ?? left]))
    this.columns = compileColumns(table, key).map((column) => {
      const isChecked = checked.has(column.name)
      const stated = table.columns[column.name]
      return { column, isChecked, fast: stated === undefined ? undefined : columnWriterOf(stated) }
    })
    this.known = new Set(this.columns.map(({ column }) => column.source))
    this.brokenChecks = brokenChecksOf(table)
    this.hasChecks = checked.size > 0
  }

  write(line: PageLines, out: ByteWriter, revision: number): boolean {
    const { operation } = line
    if (operation === 'truncate' || operation === 'refused') return false
    const isDelete = operation === 'delete'
    /* A change of the key is two rows. */
    if (line.hasBefore && !isDelete) return false
    const plan = this.planOf(operation, line.data.shape)
    if (plan === undefined) return false
    this.writeHead(line, out, revision)
    out.bytes(plan.absent)
    out.ascii(',null')
    this.checked.clear()
    for (let i = 0; i < this.columns.length; i += 1) if (!this.writeColumn(i, plan, line, out)) return false
    out.byte(CLOSE)
    out.byte(LINE_END)
    return isDelete || !this.hasChecks || this.brokenChecks(this.checkedValue).length === 0
  }

  /* In pieces: joined, they would be texts that nobody keeps. */
  private writeHead(
    { operation, position, committedMillis }: PageLines,
    out: ByteWriter,
    revision: number,
  ): void {
    if (committedMillis !== this.lastMillis) {
      this.lastMillis = committedMillis
      this.lastMillisText = String(committedMillis)
    }
    out.ascii('["')
    out.ascii(operation)
    out.ascii('","')
    out.ascii(position)
    out.ascii('",')
    out.ascii(String(revision))
    out.byte(COMMA)
    out.ascii(this.lastMillisText)
    out.byte(COMMA)
  }

  private writeColumn(index: number, plan: Plan, line: PageLines, out: ByteWriter): boolean {
    const one = this.columns[index]
    const member = plan.members[index] ?? -1
    if (one === undefined) return false
    const { column, fast, isChecked } = one
    if (column.isKept) out.byte(COMMA)
    if (member < 0) {
      if (column.isKept) out.bytes(plan.constants[index] ?? NULL)
      return true
    }
    const { data, bytes } = line
    const kind = data.kind(member)
    if (kind === valueKind.null) {
      if (column.isKept) out.bytes(NULL)
      return column.nullable
    }
    const { place } = this
    place.bytes = bytes
    place.kind = kind
    place.start = data.start(member)
    place.end = data.end(member)
    const before = out.size
    if (fast?.(out, place) === true) {
      if (isChecked) this.checked.set(column.name, canonicalFrom(out, before))
      return true
    }
    const value =
      kind === valueKind.plain
        ? bytes.toString('utf8', place.start, place.end)
        : parseJson(data.json(member, bytes))
    return this.writeByValue(one, value, out)
  }

  /* As the row codec does. */
  private writeByValue({ column, isChecked }: FastColumn, value: JsonValue, out: ByteWriter): boolean {
    const reasons: Reason[] = []
    const canonical = canonicalOf(column, value, reasons)
    if (reasons.length > 0) return false
    if (isChecked) this.checked.set(column.name, canonical)
    if (column.isKept) out.text(JSON.stringify(column.mask(canonical)))
    return true
  }

  private planOf(operation: PageLines['operation'], shape: FlatShape): Plan | undefined {
    const kind = operation === 'delete' ? 'delete' : operation === 'update' ? 'gaps' : 'image'
    const plans = this.plans[kind]
    if (plans.has(shape)) return plans.get(shape)
    if (plans.size >= MAX_PLANS) return undefined
    const plan = this.plan(kind, shape)
    plans.set(shape, plan)
    return plan
  }

  /* Undefined for lines that only the reference reads. */
  private plan(kind: keyof FlatCodec['plans'], shape: FlatShape): Plan | undefined {
    const at = new Map<string, number>()
    for (let one: FlatShape | undefined = shape; one !== undefined && one.size > 0; one = one.parent)
      at.set(one.name, one.size - 1)
    const isDelete = kind === 'delete'
    if (!isDelete && this.table.unknownFields !== 'drop')
      for (const name of at.keys()) if (!this.known.has(name)) return undefined
    const members = new Int32Array(this.columns.length).fill(-1)
    const constants: Buffer[] = []
    const absent: string[] = []
    for (const [index, { column }] of this.columns.entries()) {
      const isRead = !isDelete || column.isKey
      const member = isRead ? at.get(column.source) : undefined
      constants.push(NULL)
      if (member !== undefined) members[index] = member
      else if (kind === 'gaps' && !column.isKey) {
        if (column.isKept) absent.push(column.name)
      } else if (isRead) {
        const constant = this.missing(index, kind === 'image')
        if (constant === undefined) return undefined
        constants[index] = constant
      }
    }
    return { members, constants, absent: absent.length > 0 ? Buffer.from(JSON.stringify(absent)) : NULL }
  }

  /* The value of a field that an image leaves out; undefined where the row is refused, or a check asks for it. */
  private missing(index: number, hasDefaults: boolean): Buffer | undefined {
    const one = this.columns[index]
    if (one === undefined) return undefined
    const { column, isChecked } = one
    const reasons: Reason[] = []
    const canonical = canonicalOf(column, hasDefaults ? column.defaultValue : null, reasons)
    if (reasons.length > 0 || (isChecked && canonical !== null)) return undefined
    return Buffer.from(JSON.stringify(column.mask(canonical)))
  }
}

function plansByShape(): Map<FlatShape, Plan | undefined> {
  return new Map()
}

/* The value that was written as JSON behind a place. */
function canonicalFrom(out: ByteWriter, place: number): CanonicalValue {
  const value: CanonicalValue = JSON.parse(out.since(place))
  return value
}
