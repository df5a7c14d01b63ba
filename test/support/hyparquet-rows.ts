import { type ParquetParsers, parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet'

/** Every row as hyparquet reads it; decimals as it finds them, for `unscaledOf`: it would make doubles of them. */
export async function hyparquetRows(
  file: Uint8Array,
  parsers: Partial<ParquetParsers>,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const buffer = new Uint8Array(file).buffer
  const footer = parquetMetadata(buffer)
  const metadata = { ...footer, schema: footer.schema.map(withoutDecimal) }
  return parquetReadObjects({ file: buffer, metadata, parsers, utf8: false })
}

function withoutDecimal(element: SchemaElement): SchemaElement {
  if (element.converted_type !== 'DECIMAL') return element
  const { converted_type: _, logical_type: __, ...physical } = element
  return physical
}

/** The digits of a decimal: of fixed bytes, big-endian in two's complement, or of an integer. */
export function unscaledOf(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return BigInt.asIntN(value.length * 8, BigInt(`0x${Buffer.from(value).toString('hex')}`))
  return typeof value === 'number' ? BigInt(value) : value
}
