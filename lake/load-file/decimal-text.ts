/** A decimal as PostgreSQL and the stream write it. DuckDB leaves out the zero before the point where a type has no room for one. */
export function decimalText(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  sql: string,
): string {
  const text = `CAST(${sql} AS VARCHAR)`
  return precision === scale ? `regexp_replace(${text}, '^(-?)[.]', '\\10.')` : text
}
