import { hash } from 'node:crypto'
import { dirname } from 'node:path'
import type * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { makeFolder, readIfThere, replaceFile } from '../../engine/files/durable.ts'

const SEAL = /^\{\n "digest": "sha256:([0-9a-f]{64})",\n/
/* What is left of a seal when a part of it is damaged. A file of before there were seals has nothing like it. */
const TRACE = /"digest": "sha|sha256:[0-9a-f]{60}/
const TRACE_CHARACTERS = 100

/**
 * Reads a JSON file of the run folder; undefined when there is none. One without a seal is
 * of before there were seals, and gets one when it is next written. Throws `run/damaged` for other bytes than were written,
 * and `run/bad-folder` for a whole file that is not what `schema` says: another version wrote it.
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
  const body = seal === null ? text : `{\n${text.slice(seal[0].length)}`
  const isWhole = seal === null ? !TRACE.test(text.slice(0, TRACE_CHARACTERS)) : digestOf(body) === seal[1]
  /* Without the parser's own error, which may quote the file. */
  if (!isWhole) throw damaged(path)
  try {
    return JSON.parse(body)
  } catch {
    throw damaged(path)
  }
}

function damaged(path: string): PipelineError {
  return new PipelineError('run/damaged', `${path} is damaged: it holds other bytes than were written`)
}

function digestOf(text: string): string {
  return hash('sha256', text)
}
