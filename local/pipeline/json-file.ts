import { dirname } from 'node:path'
import type * as z from 'zod'
import { PipelineError } from '../../core/failures.ts'
import { makeFolder, readIfThere, replaceFile } from '../stores/durable.ts'

/** Reads a JSON file of the run folder; undefined when there is none. Throws `run/bad-folder` when it is not what `schema` says. */
export async function readJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<z.infer<S> | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw new PipelineError('run/bad-folder', `${path} is not a file of this version`, { cause })
  }
}

/** Replaces a JSON file as a whole, durably. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  await makeFolder(dirname(path))
  await replaceFile(path, [Buffer.from(`${JSON.stringify(value, null, 1)}\n`)])
}
