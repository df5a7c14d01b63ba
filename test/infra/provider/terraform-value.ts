import { decode, ExtensionCodec, encode } from '@msgpack/msgpack'

/** A value that is known only after an apply. */
class Unknown {
  readonly written: Uint8Array

  constructor(written: Uint8Array) {
    this.written = written
  }
}

export type TerraformValue =
  | null
  | string
  | number
  | boolean
  | Unknown
  | readonly TerraformValue[]
  | { readonly [name: string]: TerraformValue }

export type TerraformObject = { readonly [name: string]: TerraformValue }

/** How a value travels between Terraform and a provider. */
export interface DynamicValue {
  readonly msgpack?: Uint8Array
  readonly json?: Uint8Array
}

const UNKNOWN_TYPE = 0
/* An unknown value of which something is known, such as that it is not null. */
const REFINED_TYPE = 12

export const UNKNOWN = new Unknown(new Uint8Array([0]))

const extensionCodec = new ExtensionCodec()
extensionCodec.register({
  type: UNKNOWN_TYPE,
  encode: (value) => (value instanceof Unknown ? value.written : null),
  decode: (written) => new Unknown(written),
})
extensionCodec.register({ type: REFINED_TYPE, encode: () => null, decode: () => UNKNOWN })

export function isUnknown(value: TerraformValue): value is Unknown {
  return value instanceof Unknown
}

export function isObject(value: TerraformValue | undefined): value is TerraformObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unknown)
}

/** The value of a message; null when it holds none. */
export function readValue(message: DynamicValue | null | undefined): TerraformValue {
  const { msgpack, json } = message ?? {}
  /* Terraform writes what the schema says, so the shape is that of a value. */
  if (msgpack !== undefined && msgpack.length > 0)
    return decode(msgpack, { extensionCodec }) as TerraformValue
  if (json !== undefined && json.length > 0) return JSON.parse(Buffer.from(json).toString())
  return null
}

export function writeValue(value: TerraformValue): DynamicValue {
  return { msgpack: encode(value, { extensionCodec }) }
}
