import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { TableShape } from '../../core/contract/evolution/shape.ts'
import { PipelineError } from '../../core/failures/failures.ts'

export const lockFileName = 'lock.json'

/** The shapes of a folder as they were released last, by table and version. */
export type Lock = readonly TableShape[]

const column = z.looseObject({
  name: z.string(),
  type: z.looseObject({ kind: z.string() }),
  nullable: z.boolean(),
  treatment: z.string(),
})
const lockFile = z.object({
  format: z.literal(1),
  tables: z.array(
    z.looseObject({
      name: z.string(),
      version: z.int(),
      source: z.object({ system: z.string(), table: z.string() }),
      primaryKey: z.array(z.string()),
      partitionBy: z.record(z.string(), z.unknown()),
      unknownFields: z.string(),
      columns: z.array(column),
    }),
  ),
})

/** The lock of a folder; undefined when it has none. Throws `contract/invalid` when the file is none of ours. */
export async function readLock(root: string): Promise<Lock | undefined> {
  const path = join(root, lockFileName)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  return text === undefined ? undefined : parseLock(text, path)
}

export function parseLock(text: string, path: string): Lock {
  try {
    /* Only `contract lock` writes it; types inside a column are not looked at again. */
    return lockFile.parse(JSON.parse(text)).tables as unknown as Lock
  } catch (cause) {
    throw new PipelineError('contract/invalid', `${path} is no lock of contracts`, { cause })
  }
}

/** The text of lock.json: one column on a line, so that a diff shows columns. */
export function lockText(shapes: Lock): string {
  const tables = [...shapes].sort((left, right) =>
    left.name === right.name ? left.version - right.version : left.name < right.name ? -1 : 1,
  )
  const parts = tables.map(({ columns, ...table }) => {
    const members = Object.entries(table).map(
      ([name, value]) => `      ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`,
    )
    const lines = columns.map((shape) => `        ${JSON.stringify(shape)}`)
    return `    {\n${members.join('')}      "columns": [\n${lines.join(',\n')}\n      ]\n    }`
  })
  const list = parts.length === 0 ? '[]' : `[\n${parts.join(',\n')}\n  ]`
  return `{\n  "generated": "by tidemark contract lock; do not edit",\n  "format": 1,\n  "tables": ${list}\n}\n`
}
