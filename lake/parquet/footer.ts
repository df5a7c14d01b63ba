import { type ChunkSummary, encodings } from './column-chunk.ts'
import type { Leaf } from './leaf.ts'
import { physicalType, physicalTypes } from './leaf-type.ts'
import { ThriftWriter } from './thrift-writer.ts'
import { ByteBuffer } from './values/byte-buffer.ts'
import { decimalWidth } from './values/decimal128-store.ts'
import type { LeafType, ParquetField } from './values/field.ts'

/** The file magic, at both ends of the file. */
export const magic = Buffer.from('PAR1')

const repetitionTypes = { required: 0, optional: 1, repeated: 2 } as const
const convertedTypes = { utf8: 0, list: 3, decimal: 5, date: 6, millis: 9, micros: 10, int16: 16 } as const
/** Fields of the LogicalType union. */
const logicalTypes = { string: 1, list: 3, decimal: 5, date: 6, timestamp: 8, integer: 10 } as const

/** A row group as the footer describes it; its chunks follow each other from `offset` on. */
export interface RowGroup {
  readonly offset: number
  readonly rows: number
  readonly chunks: readonly ChunkSummary[]
}

/** The end of the file: FileMetaData, its length and the magic. */
export function footer(
  fields: readonly ParquetField[],
  leaves: readonly Leaf[],
  rowGroups: readonly RowGroup[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const out = new ByteBuffer(4096)
  const thrift = new ThriftWriter(out)
  thrift.root(() => {
    thrift.i32(1, 1)
    thrift.structs(2, schemaElements(fields), (element) => writeElement(thrift, element))
    thrift.i64(
      3,
      rowGroups.reduce((rows, group) => rows + group.rows, 0),
    )
    thrift.structs(4, rowGroups, (group, ordinal) => writeRowGroup(thrift, leaves, group, ordinal))
    const pairs = Object.entries(metadata)
    if (pairs.length > 0) {
      thrift.structs(5, pairs, ([key, value]) => {
        thrift.string(1, key)
        thrift.string(2, value)
      })
    }
    thrift.string(6, 'tidemark')
    // TYPE_ORDER for every leaf: without it readers must ignore min_value and max_value.
    thrift.structs(7, leaves, () => thrift.struct(1, () => {}))
  })
  out.uint32(out.length)
  out.append(magic)
  return out.view().slice()
}

/** A node of the flattened schema: the root, a leaf, a group, or the repeated middle of a list. */
interface SchemaElement {
  readonly name: string
  readonly repetition: number | undefined
  readonly children: number
  readonly leaf?: LeafType
  readonly isList?: boolean
}

function schemaElements(fields: readonly ParquetField[]): readonly SchemaElement[] {
  return [{ name: 'schema', repetition: undefined, children: fields.length }, ...fields.flatMap(elementsOf)]
}

function elementsOf(field: ParquetField): readonly SchemaElement[] {
  const { name, type } = field
  const repetition = field.nullable ? repetitionTypes.optional : repetitionTypes.required
  if (type.kind === 'struct')
    return [{ name, repetition, children: type.fields.length }, ...type.fields.flatMap(elementsOf)]
  if (type.kind === 'list') {
    return [
      { name, repetition, children: 1, isList: true },
      { name: 'list', repetition: repetitionTypes.repeated, children: 1 },
      ...elementsOf({ ...type.of, name: 'element' }),
    ]
  }
  return [{ name, repetition, children: 0, leaf: type }]
}

function writeElement(thrift: ThriftWriter, element: SchemaElement): void {
  const { leaf } = element
  if (leaf !== undefined) {
    const physical = physicalType(leaf)
    thrift.i32(1, physical)
    if (leaf.kind === 'decimal' && physical === physicalTypes.fixedLengthByteArray)
      thrift.i32(2, decimalWidth(leaf.precision))
  }
  if (element.repetition !== undefined) thrift.i32(3, element.repetition)
  thrift.string(4, element.name)
  if (leaf !== undefined) {
    writeLeafType(thrift, leaf)
    return
  }
  thrift.i32(5, element.children)
  if (element.isList) {
    thrift.i32(6, convertedTypes.list)
    thrift.struct(10, () => thrift.struct(logicalTypes.list, () => {}))
  }
}

/** The meaning of a leaf twice: ConvertedType for old readers, LogicalType for the others. */
function writeLeafType(thrift: ThriftWriter, type: LeafType): void {
  switch (type.kind) {
    case 'boolean':
    case 'float':
    case 'double':
    case 'binary':
      return
    case 'string':
      thrift.i32(6, convertedTypes.utf8)
      thrift.struct(10, () => thrift.struct(logicalTypes.string, () => {}))
      return
    case 'decimal':
      thrift.i32(6, convertedTypes.decimal)
      thrift.i32(7, type.scale)
      thrift.i32(8, type.precision)
      thrift.struct(10, () =>
        thrift.struct(logicalTypes.decimal, () => {
          thrift.i32(1, type.scale)
          thrift.i32(2, type.precision)
        }),
      )
      return
    case 'int32':
      writeInt32Type(thrift, type.logical)
      return
    case 'int64':
      writeInt64Type(thrift, type.logical)
      return
  }
}

function writeInt32Type(thrift: ThriftWriter, logical: 'int16' | 'date' | undefined): void {
  if (logical === 'date') {
    thrift.i32(6, convertedTypes.date)
    thrift.struct(10, () => thrift.struct(logicalTypes.date, () => {}))
  } else if (logical === 'int16') {
    thrift.i32(6, convertedTypes.int16)
    thrift.struct(10, () =>
      thrift.struct(logicalTypes.integer, () => {
        thrift.byte(1, 16)
        thrift.bool(2, true)
      }),
    )
  }
}

function writeInt64Type(
  thrift: ThriftWriter,
  logical: 'timestamp-millis' | 'timestamp-micros' | undefined,
): void {
  if (logical === undefined) return
  const micros = logical === 'timestamp-micros'
  thrift.i32(6, micros ? convertedTypes.micros : convertedTypes.millis)
  thrift.struct(10, () =>
    thrift.struct(logicalTypes.timestamp, () => {
      thrift.bool(1, true)
      thrift.struct(2, () => thrift.struct(micros ? 2 : 1, () => {}))
    }),
  )
}

function writeRowGroup(
  thrift: ThriftWriter,
  leaves: readonly Leaf[],
  group: RowGroup,
  ordinal: number,
): void {
  let offset = group.offset
  thrift.structs(1, group.chunks, (chunk, index) => {
    const leaf = leaves[index]
    if (leaf === undefined) throw new RangeError('a row group has more chunks than the schema has leaves')
    const start = offset
    offset += chunk.compressedSize
    // The place of metadata outside the footer: there is none.
    thrift.i64(2, 0)
    thrift.struct(3, () => writeChunk(thrift, leaf, chunk, start))
  })
  thrift.i64(
    2,
    group.chunks.reduce((sum, chunk) => sum + chunk.uncompressedSize, 0),
  )
  thrift.i64(3, group.rows)
  thrift.i64(5, group.offset)
  thrift.i64(6, offset - group.offset)
  // The ordinal is an i16 in the format: a file with more groups leaves it out.
  if (ordinal < 2 ** 15) thrift.i16(7, ordinal)
}

function writeChunk(thrift: ThriftWriter, leaf: Leaf, chunk: ChunkSummary, start: number): void {
  const { plain, rle, rleDictionary } = encodings
  thrift.i32(1, physicalType(leaf.type))
  thrift.i32s(2, chunk.dictionary ? [plain, rle, rleDictionary] : [plain, rle])
  thrift.strings(3, leaf.path)
  thrift.i32(4, chunk.codec)
  thrift.i64(5, chunk.values)
  thrift.i64(6, chunk.uncompressedSize)
  thrift.i64(7, chunk.compressedSize)
  thrift.i64(9, start + chunk.dataOffset)
  if (chunk.dictionary) thrift.i64(11, start)
  thrift.struct(12, () => writeStatistics(thrift, chunk))
}

function writeStatistics(thrift: ThriftWriter, { nulls, bounds }: ChunkSummary): void {
  thrift.i64(3, nulls)
  if (bounds === undefined) return
  if (bounds.max !== undefined) thrift.binary(5, bounds.max)
  if (bounds.min !== undefined) thrift.binary(6, bounds.min)
  if (bounds.max !== undefined) thrift.bool(7, bounds.maxExact)
  if (bounds.min !== undefined) thrift.bool(8, bounds.minExact)
}
