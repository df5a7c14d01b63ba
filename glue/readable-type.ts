/* Athena, "Types of schema changes": what may be declared over Parquet of another type. Text as a number is left out:
 * it fails at the first row that is none. */
const wider: Readonly<Record<string, readonly string[]>> = {
  tinyint: ['smallint', 'int', 'bigint'],
  smallint: ['int', 'bigint'],
  int: ['bigint'],
  float: ['double'],
}

/** Whether Athena reads files of a column's old Hive type when the table declares the new one. */
export function isReadableAs(before: string, after: string): boolean {
  return before === after || (wider[before]?.includes(after) ?? false)
}
