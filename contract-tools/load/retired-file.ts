import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Retired } from '../../core/contract/evolution/retired.ts'
import { PipelineError } from '../../core/failures/failures.ts'

const day = z.iso.date()
const retiredFile = z.strictObject({
  columns: z.array(
    z.strictObject({
      table: z.string(),
      column: z.string(),
      type: z.string(),
      on: day,
      reason: z.string().min(1),
    }),
  ),
  versions: z.array(
    z.strictObject({ table: z.string(), version: z.int().min(1), on: day, reason: z.string().min(1) }),
  ),
})

/** What `retired.json` of a folder lists; nothing when there is none. Throws `contract/invalid` for another content. */
export async function readRetired(root: string): Promise<Retired> {
  const path = join(root, 'retired.json')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return { columns: [], versions: [] }
  try {
    return retiredFile.parse(JSON.parse(text))
  } catch (cause) {
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined
    const place = issue === undefined ? 'is no JSON' : `${issue.path.join('.')}: ${issue.message}`
    throw new PipelineError('contract/invalid', `${path}: ${place}`, { cause })
  }
}
