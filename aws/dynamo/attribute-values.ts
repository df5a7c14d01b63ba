import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item, ItemValue } from '../../core/ports/item-table.ts'

/** An item as DynamoDB writes it. */
export type Attributes = Record<string, AttributeValue>

export function attributesOf(item: Readonly<Record<string, ItemValue>>): Attributes {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, attributeOf(value)]))
}

/** The item of attributes; those of other kinds than an item has are left out. */
export function itemOf(attributes: Attributes): Item {
  const values = Object.entries(attributes).flatMap(([name, value]) => {
    const plain = plainValue(value)
    return plain === undefined ? [] : [[name, plain] as const]
  })
  return { pk: '', sk: '', ...Object.fromEntries(values) }
}

/** An attribute as a stream's image in JSON writes it: bytes are base64. */
export interface ImageAttribute {
  readonly S?: string | undefined
  readonly N?: string | undefined
  readonly B?: string | undefined
}

/** The item of an image. */
export function itemOfImage(image: Readonly<Record<string, ImageAttribute>>): Item {
  const values = Object.entries(image).flatMap(([name, { S: text, N: digits, B: bytes }]) => {
    const plain = text ?? (digits === undefined ? bytes && Buffer.from(bytes, 'base64') : Number(digits))
    return plain === undefined ? [] : [[name, plain] as const]
  })
  return { pk: '', sk: '', ...Object.fromEntries(values) }
}

export function attributeOf(value: ItemValue): AttributeValue {
  if (typeof value === 'string') return { S: value }
  return typeof value === 'number' ? { N: String(value) } : { B: value }
}

function plainValue({ S: text, N: digits, B: bytes }: AttributeValue): ItemValue | undefined {
  return text ?? (digits === undefined ? bytes : Number(digits))
}
