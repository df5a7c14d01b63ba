import { hash } from 'node:crypto'
import { dirname } from 'node:path'
import type * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { makeFolder, readIfThere, replaceFile } from '../../engine/files/durable.ts'

const SEAL = /^\{\n "digest": "sha256:([0-9a-f]{64})",\n/

/**
 * Reads a JSON file of the run folder; undefined when there is none. Throws `run/damaged` for other bytes than were written, and
 * `run/bad-folder` for a whole file that is not what `schema` says: another version wrote it.
 */
export async function readJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<z.infer<S> | undefined> {
  const value = await readValue(path)
  if (value === undefined) return undefined
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new PipelineError('run/bad-folder', `${path} is not a file of this version`, { cause: parsed.error })
}

/** Replaces a JSON file as a whole, durably, with the digest of its text as its first member. */
export async function writeJsonFile(path: string, value: object): Promise<void> {
  await makeFolder(dirname(path))
  await replaceFile(path, [sealedJson(value)])
}

/** Throws `run/damaged` unless a JSON file holds what was written, whatever that is; resolves with whether there is one. */
export async function checkJsonFile(path: string): Promise<boolean> {
  return (await readValue(path)) !== undefined
}

function sealedJson(value: object): Buffer {
  const text = `${JSON.stringify(value, null, 1)}\n`
  return Buffer.from(`{\n "digest": "sha256:${digestOf(text)}",\n${text.slice(2)}`)
}

async function readValue(path: string): Promise<unknown> {
  const text = await readIfThere(path)
  return text === undefined ? undefined : unsealed(path, text)
}

function unsealed(path: string, text: string): unknown {
  const seal = SEAL.exec(text)
  const body = `{\n${text.slice(seal?.[0].length)}`
  if (seal?.[1] === digestOf(body)) return JSON.parse(body)
  throw new PipelineError('run/damaged', `${path} is damaged: it holds other bytes than were written`)
}

function digestOf(text: string): string {
  return hash('sha256', text)
}
