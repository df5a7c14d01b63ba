import { PipelineError } from '../../../core/failures/failures.ts'

const MAX_BYTES = 63

/**
 * A name as SQL may hold it: always quoted. Throws usage/invalid for a name that no PostgreSQL
 * object can have, so a longer name is never cut to another object's name.
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > MAX_BYTES)
    throw new PipelineError('usage/invalid', `not a PostgreSQL name: 1 to ${MAX_BYTES} bytes without NUL`)
  return `"${name.replaceAll('"', '""')}"`
}

/** `"schema"."name"`. */
export function quoteTable(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`
}

/** A string literal that reads the same whatever standard_conforming_strings says. */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new PipelineError('usage/invalid', 'NUL in a text')
  const quoted = text.replaceAll("'", "''")
  return text.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`
}

/** A slot name, which PostgreSQL restricts to lower-case letters, digits and underscores. */
export function checkSlotName(name: string): string {
  if (!/^[a-z0-9_]{1,63}$/.test(name))
    throw new PipelineError('usage/invalid', 'slot name: 1 to 63 lower-case letters, digits, underscores')
  return name
}
