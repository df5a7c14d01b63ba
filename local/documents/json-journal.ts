import { readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { isErrno } from '../../engine/files/durable.ts'
import { damageText, FrameLog } from '../logs/frame-log.ts'

/** One member of a document is now another: its place as keys of objects and indexes of arrays, from the root. */
export interface Edit {
  readonly at: readonly (string | number)[]
  readonly value: unknown
}

const editLine = z.array(
  z.object({ at: z.array(z.union([z.string(), z.number()])).min(1), value: z.unknown() }),
)

/** What was changed of a JSON file since it was written: a frame log beside it, a frame for each change. Durable as `FrameLog`. */
export class JsonJournal {
  private readonly log: FrameLog<null>
  /** Of the frames. */
  bytes = 0

  private constructor(log: FrameLog<null>) {
    this.log = log
  }

  /** An empty journal, in the place of one that nobody came to use. */
  static async begin(path: string, number: number): Promise<JsonJournal> {
    const folder = journalOf(path, number)
    await rm(folder, { recursive: true, force: true })
    return new JsonJournal(await FrameLog.open(folder, 'write', () => null))
  }

  /** On disk when it resolves. */
  async append(edits: readonly Edit[]): Promise<void> {
    const content = Buffer.from(JSON.stringify(edits))
    await this.log.append([{ header: null, content }])
    this.bytes += content.length
  }

  close(): Promise<void> {
    return this.log.close()
  }
}

/** Applies a journal to the document that it goes on from. Throws `run/damaged` when it is missing or damaged. */
export async function applyJournal(path: string, number: number, document: object): Promise<void> {
  const folder = journalOf(path, number)
  try {
    /* A log that is not there would be an empty one. */
    await stat(folder)
    const log = await FrameLog.open(folder, 'read', () => null)
    try {
      for (let index = 0; index < log.length; index += 1) {
        const { content } = await log.read(index)
        for (const edit of editLine.parse(JSON.parse(content.toString('utf8')))) apply(document, edit)
      }
    } finally {
      await log.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && !isErrno(error, 'ENOENT')) throw error
    const message = isErrno(error, 'ENOENT') ? `${folder} is missing` : damageText(error)
    throw new PipelineError('run/damaged', `${path} is damaged: ${message}`)
  }
}

/** A text that is another when a JSON file or its journal is; undefined when there is no file. */
export async function jsonStamp(path: string): Promise<string | undefined> {
  const numbers = await journalsOf(path)
  const logs = numbers.map((number) => join(journalOf(path, number), '00000001.log'))
  const [file, ...rest] = await Promise.all(
    [path, ...logs].map((name) => stat(name, { bigint: true }).catch(() => undefined)),
  )
  if (file === undefined) return undefined
  return JSON.stringify([
    `${file.ino} ${file.mtimeNs} ${file.size}`,
    numbers,
    rest.map((log) => String(log?.size)),
  ])
}

/** Numbers of the journals that lie beside a file. */
export async function journalsOf(path: string): Promise<readonly number[]> {
  const start = `${basename(path)}.journal-`
  const names = await readdir(dirname(path)).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  })
  return names.flatMap((name) => (name.startsWith(start) ? Number(name.slice(start.length)) : []))
}

export function dropJournal(path: string, number: number): Promise<void> {
  return rm(journalOf(path, number), { recursive: true, force: true })
}

export function journalOf(path: string, number: number): string {
  return `${path}.journal-${number}`
}

function apply(document: object, { at, value }: Edit): void {
  let place: unknown = document
  for (const key of at.slice(0, -1)) place = member(place, key)
  const last = at.at(-1)
  if (typeof place !== 'object' || place === null || last === undefined)
    throw new Error('an edit of no member')
  Reflect.defineProperty(place, last, { value, writable: true, enumerable: true, configurable: true })
}

function member(place: unknown, key: string | number): unknown {
  if (typeof place !== 'object' || place === null || !Object.hasOwn(place, key))
    throw new Error('an edit of no member')
  return (place as Record<string | number, unknown>)[key]
}
