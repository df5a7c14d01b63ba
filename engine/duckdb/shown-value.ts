import { DuckDBTypeId, type DuckDBValueConverter, JsonDuckDBValueConverter } from '@duckdb/node-api'
import { JsonNumber, type JsonValue } from '../../core/json.ts'

/**
 * A value of a result as JSON, by its type at any depth of lists, structs and maps: 64-bit integers and decimals keep
 * their digits, a single-precision value is the shortest number that it stands for, and a negative zero keeps its sign.
 */
export const shownValue: DuckDBValueConverter<JsonValue> = (value, type, converter) => {
  if (value === null) return null
  switch (type.typeId) {
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.DECIMAL:
      return new JsonNumber(String(value))
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DOUBLE:
      if (typeof value !== 'number') break
      if (Object.is(value, -0)) return new JsonNumber('-0')
      if (Number.isFinite(value)) return type.typeId === DuckDBTypeId.FLOAT ? shortestSingle(value) : value
  }
  /* Containers give their members to the converter that they are called with; the driver's type says so of its own alone. */
  return (JsonDuckDBValueConverter as unknown as DuckDBValueConverter<JsonValue>)(value, type, converter)
}

/* As PostgreSQL prints it: nearer to this value than to any other, not half way to one. Nine digits always are. */
function shortestSingle(value: number): number {
  if (value === 0) return value
  const halfWay = [1, -1].map((step) => (value + neighbour(value, step)) / 2)
  for (let digits = 1; digits < 9; digits += 1) {
    const short = rounded(value, digits)
    if (Math.fround(short) === value && !halfWay.includes(short)) return short
  }
  return Number(value.toPrecision(9))
}

/* To so many digits; half way between two to the even one. */
function rounded(value: number, digits: number): number {
  const longer = value.toExponential(digits)
  const [, even, exponent] = /^(.*[02468]\.?)5(e.*)$/.exec(longer) ?? []
  const isTie = even !== undefined && Number(longer) === value
  return Number(isTie ? `${even}${exponent}` : value.toPrecision(digits))
}

/* The single-precision value next to another. */
function neighbour(value: number, step: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)
  bits[0] = (bits[0] ?? 0) + step
  return new Float32Array(bits.buffer)[0] ?? value
}
