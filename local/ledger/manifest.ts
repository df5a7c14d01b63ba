import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { ManifestChange, ManifestDay, ManifestFile } from '../../core/ledger/ledger.ts'
import { isErrno, readIfThere } from '../../engine/files/durable.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'
import { manifestChange, manifestFile } from './ledger-schema.ts'

const FOLDER = /^(.+)\.v(\d+)$/
/* Files of before were lists of changes, one a line. */
const DAY = /^(\d{4}-\d{2}-\d{2})\.(?:json|ndjson)$/

const dayFile = z.object({ format: z.literal(1), files: z.array(manifestFile) })

/**
 * Which history files each table version has on each day: one JSON file for a day, replaced as a whole. A change may come
 * twice. Memory: the manifest of one day.
 */
export class Manifest {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Writes changes down; durable when it resolves. */
  async append(changes: readonly ManifestChange[]): Promise<void> {
    const byFile = new Map<string, ManifestChange[]>()
    for (const change of changes) {
      const path = this.path(change)
      byFile.set(path, [...(byFile.get(path) ?? []), change])
    }
    for (const [path, some] of byFile) {
      const [first] = some
      if (first === undefined) continue
      await writeJsonFile(`${path}.json`, { format: 1, files: await this.files(first, some) })
      await rm(`${path}.ndjson`, { force: true })
    }
  }

  /** Every day that has or had files, by table and day. */
  async days(): Promise<readonly ManifestDay[]> {
    const days = new Map<string, ManifestDay>()
    for (const name of await namesIn(this.folder)) {
      const [, table, version] = FOLDER.exec(name) ?? []
      if (table === undefined) continue
      for (const file of await namesIn(join(this.folder, name))) {
        const day = DAY.exec(file)?.[1]
        if (day !== undefined) days.set(`${name}/${day}`, { table, version: Number(version), day })
      }
    }
    return [...days.values()]
  }

  /** The files of a day, with changes that are not written down yet on top. Throws `ledger/corrupt`. */
  async files(day: ManifestDay, pending: readonly ManifestChange[] = []): Promise<readonly ManifestFile[]> {
    const path = this.path(day)
    const files = new Map<string, ManifestFile>()
    for (const file of await storedFiles(`${path}.json`)) files.set(file.key, file)
    const before =
      files.size === 0 ? linesOf((await readIfThere(`${path}.ndjson`)) ?? '', `${path}.ndjson`) : []
    for (const change of [...before, ...pending]) {
      if (change.table !== day.table || change.version !== day.version || change.day !== day.day) continue
      for (const key of change.removed) files.delete(key)
      for (const file of change.added) files.set(file.key, file)
    }
    return [...files.values()]
  }

  private path({ table, version, day }: ManifestDay): string {
    return join(this.folder, `${table}.v${version}`, day)
  }
}

async function storedFiles(path: string): Promise<readonly ManifestFile[]> {
  try {
    return (await readJsonFile(path, dayFile))?.files ?? []
  } catch (cause) {
    if (!(cause instanceof PipelineError)) throw cause
    throw new PipelineError('ledger/corrupt', cause.message, { cause })
  }
}

/* Without the last line when it is cut off: a journal still has it. */
function linesOf(text: string, path: string): readonly ManifestChange[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  try {
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => manifestChange.parse(JSON.parse(line)))
  } catch (cause) {
    throw new PipelineError('ledger/corrupt', `${path} is damaged`, { cause })
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (
    await readdir(folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
  ).toSorted()
}
