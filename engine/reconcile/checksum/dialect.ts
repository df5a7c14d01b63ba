/** How one engine says what the comparison texts are made of. Arguments and results are SQL expressions. */
export interface Dialect {
  text(value: string): string
  /** `YYYY-MM-DD HH:MM:SS.mmm` of a timestamp in UTC. */
  instant(value: string): string
  /** `YYYY-MM-DD HH:MM:SS.ffffff` of microseconds since 1970. */
  micros(value: string): string
  /** The 8 bytes of a float as a double, most significant first, in lower-case hex; one text for every NaN. */
  floatBits(value: string): string
  hex(bytes: string): string
  /** The texts of a list's elements one after the other; `text` is made of the element's name. */
  joinedList(list: string, element: string, text: string): string
  /** Texts that are not null, hundreds of them too, with commas between them, in time linear in their length. */
  joined(texts: readonly string[]): string
  /** Bytes of a text in UTF-8. */
  byteLength(text: string): string
  /** MD5 of a text in UTF-8, 32 lower-case hex digits. */
  digest(text: string): string
  /** The number of at most 15 hex digits, as a 64-bit integer. */
  hexNumber(digits: string): string
  /** A sum of 64-bit integers that does not overflow. */
  sum(value: string): string
}

/** What `floatBits` makes of NaN. */
export const NAN_BITS = '7ff8000000000000'

export const duckdb: Dialect = {
  text: (value) => `CAST(${value} AS VARCHAR)`,
  instant: (value) => `strftime(${value} AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g')`,
  micros: (value) => `strftime(make_timestamp(${value}), '%Y-%m-%d %H:%M:%S.%f')`,
  floatBits: (value) =>
    `CASE WHEN isnan(${value}) THEN '${NAN_BITS}' ELSE lower(hex(${value}::DOUBLE::BIT::BLOB)) END`,
  hex: (bytes) => `lower(hex(${bytes}))`,
  joinedList: (list, element, text) =>
    `array_to_string(list_transform(${list}, lambda ${element}: ${text}), '')`,
  joined: (texts) => `concat_ws(',', ${texts.join(', ')})`,
  byteLength: (text) => `strlen(${text})`,
  digest: (text) => `md5(${text})`,
  hexNumber: (digits) => `CAST('0x' || ${digits} AS BIGINT)`,
  sum: (value) => `sum(${value})`,
}

/* Athena, Trino: `from_unixtime` goes through a double, so microseconds are split before. */
export const athena: Dialect = {
  text: (value) => `CAST(${value} AS varchar)`,
  instant: (value) => `format_datetime(${value}, 'yyyy-MM-dd HH:mm:ss.SSS')`,
  micros: (value) => {
    const rest = `mod(mod(${value}, 1000000) + 1000000, 1000000)`
    const second = `date_add('second', (${value} - ${rest}) / 1000000, TIMESTAMP '1970-01-01 00:00:00')`
    return `format_datetime(${second}, 'yyyy-MM-dd HH:mm:ss') || '.' || lpad(CAST(${rest} AS varchar), 6, '0')`
  },
  floatBits: (value) =>
    `CASE WHEN is_nan(CAST(${value} AS double)) THEN '${NAN_BITS}' ELSE lower(to_hex(to_ieee754_64(CAST(${value} AS double)))) END`,
  hex: (bytes) => `lower(to_hex(${bytes}))`,
  joinedList: (list, element, text) => `array_join(transform(${list}, ${element} -> ${text}), '')`,
  joined: (texts) => joinedBy(texts, 100),
  byteLength: (text) => `length(to_utf8(${text}))`,
  digest: (text) => `lower(to_hex(md5(to_utf8(${text}))))`,
  hexNumber: (digits) => `from_base(${digits}, 16)`,
  sum: (value) => `sum(CAST(${value} AS decimal(38,0)))`,
}

/* A constructor of Trino's takes 254 elements at most. */
function joinedBy(texts: readonly string[], most: number): string {
  if (texts.length <= most) return `array_join(ARRAY[${texts.join(', ')}], ',')`
  const parts = Array.from({ length: Math.ceil(texts.length / most) }, (_, part) =>
    joinedBy(texts.slice(part * most, (part + 1) * most), most),
  )
  return joinedBy(parts, most)
}
