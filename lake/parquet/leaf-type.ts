import { BooleanStore } from './values/boolean-store.ts'
import { BinaryStore, StringStore } from './values/bytes-store.ts'
import { Decimal128Store } from './values/decimal128-store.ts'
import type { LeafType } from './values/field.ts'
import { DoubleStore, FloatStore } from './values/float-store.ts'
import { Decimal32Store, Int32Store } from './values/int32-store.ts'
import { Decimal64Store, Int64Store } from './values/int64-store.ts'
import type { ValueStore } from './values/value-store.ts'

/** The `Type` enumeration of parquet.thrift. */
export const physicalTypes = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  byteArray: 6,
  fixedLengthByteArray: 7,
} as const

type PhysicalType = (typeof physicalTypes)[keyof typeof physicalTypes]

export function physicalType(type: LeafType): PhysicalType {
  switch (type.kind) {
    case 'string':
    case 'binary':
      return physicalTypes.byteArray
    case 'decimal':
      if (type.precision <= 9) return physicalTypes.int32
      return type.precision <= 18 ? physicalTypes.int64 : physicalTypes.fixedLengthByteArray
    case 'boolean':
    case 'int32':
    case 'int64':
    case 'float':
    case 'double':
      return physicalTypes[type.kind]
  }
}

export function createStore(type: LeafType): ValueStore {
  switch (type.kind) {
    case 'boolean':
      return new BooleanStore()
    case 'int32':
      return type.logical === 'int16' ? new Int32Store(-32768, 32767) : new Int32Store()
    case 'int64':
      return new Int64Store()
    case 'float':
      return new FloatStore()
    case 'double':
      return new DoubleStore()
    case 'string':
      return new StringStore()
    case 'binary':
      return new BinaryStore()
    case 'decimal':
      if (type.precision <= 9) return new Decimal32Store(type.precision, type.scale)
      if (type.precision <= 18) return new Decimal64Store(type.precision, type.scale)
      return new Decimal128Store(type.precision, type.scale)
  }
}
