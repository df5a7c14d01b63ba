import { readdirSync, readFileSync } from 'node:fs'

const folder = new URL('../fixtures/dms/', import.meta.url)

/** Names of the fixtures: records in the shape of a DMS Kinesis target, as `json` (pretty-printed) writes them. */
export const dmsFixtures: readonly string[] = readdirSync(folder)
  .map((file) => file.replace(/\.json$/, ''))
  .sort()

/** A record in the endpoint format `json`. */
export function prettyRecord(name: string): Buffer {
  return readFileSync(new URL(`${name}.json`, folder))
}

/** The same record as `json-unformatted` writes it: one line, no blanks between tokens, a line end. */
export function recordLine(name: string): string {
  const text = prettyRecord(name).toString('utf8')
  const line = text
    .replace(/^(\s*"(?:[^"\\]|\\.)*"): /gm, '$1:')
    .replace(/\n\s*/g, '')
    .replace(/\[ "|" \]/g, (bracket) => bracket.replace(' ', ''))
  return `${line}\n`
}
