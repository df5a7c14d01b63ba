import { type ColumnType, typeName } from '../value/type.ts'
import { type Fault, fault } from './fault.ts'

const NAME = /^[a-z][a-z0-9_]{0,62}$/
const MAX_DEPTH = 8

/** The faults of a type and of the types in it. */
export function typeFaults(path: string, type: ColumnType, depth = 0): readonly Fault[] {
  if (depth > MAX_DEPTH) return fault('T307', path, `is nested deeper than ${MAX_DEPTH} levels`)
  switch (type.kind) {
    case 'decimal': {
      const { precision, scale } = type
      const isSound = Number.isInteger(precision) && precision >= 1 && precision <= 38
      const isScaled = Number.isInteger(scale) && scale >= 0 && scale <= precision
      return fault(
        'T301',
        path,
        `${typeName(type)} is no decimal of 38 digits or fewer`,
        !isSound || !isScaled,
      )
    }
    case 'enum': {
      const { values } = type
      const isSound = values.length > 0 && new Set(values).size === values.length
      return fault('T302', path, 'enum values must be distinct, at least one', !isSound)
    }
    case 'string': {
      const isSound = type.max === undefined || (Number.isInteger(type.max) && type.max > 0)
      return fault('T303', path, 'max must be 1 or more', !isSound)
    }
    case 'list':
      return insideFaults(`${path}[]`, type.of, depth)
    case 'struct': {
      const fields = Object.entries(type.fields)
      const members = fields.map(([name, field]) => field.from ?? name)
      return [
        ...fault('T305', path, 'a struct has no fields', fields.length === 0),
        ...fault('T308', path, 'two fields read one member', new Set(members).size < members.length),
        ...fields.flatMap(([name, field]) => [
          ...fault(
            'T306',
            `${path}.${name}`,
            'a field name is lower case letters, digits and _',
            !NAME.test(name),
          ),
          ...insideFaults(`${path}.${name}`, field, depth),
        ]),
      ]
    }
    default:
      return []
  }
}

function insideFaults(path: string, type: ColumnType, depth: number): readonly Fault[] {
  return [
    ...fault('T304', path, 'microseconds need a column of their own', type.kind === 'timestampMicros'),
    ...typeFaults(path, type, depth + 1),
  ]
}
