import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { isErrno } from '../../engine/files/durable.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const replayFile = z.object({
  format: z.literal(1),
  table: z.string(),
  version: z.number().int(),
  /** Digest of the contract: a replay goes on only with the contract it began with. */
  contract: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  revision: z.number().int().min(1),
  state: z.enum(['running', 'complete', 'abandoned']),
  /** Day of the partition that its files are in. */
  ingestDate: z.string(),
  /** Pages of the raw store when it began, or last went on: later ones are formatted with this contract anyway. */
  rawPages: z.number().int(),
  /** Pages of the table in the range that are done, of `pages`. */
  done: z.number().int(),
  pages: z.number().int(),
  /** Files of the table's newest load that are landed again. */
  loadFiles: z.number().int().default(0),
  /** Of those, the rows that the contract took and refused. */
  landedAgain: z
    .array(
      z.object({
        key: z.string(),
        rows: z.number().int(),
        landed: z.number().int(),
        refused: z.number().int(),
      }),
    )
    .default([]),
  changes: z.number().int(),
  rows: z.number().int(),
  refused: z.number().int(),
  /** Its files with the SHA-256 of what was written. */
  files: z.array(
    z.object({
      key: z.string(),
      rows: z.number().int(),
      bytes: z.number().int().default(0),
      sha256: z.string(),
    }),
  ),
  startedAt: z.string(),
})
export type ReplayState = z.infer<typeof replayFile>

/** The ledger of replays: one file each, named by table, version and revision, replaced as a whole. */
export class ReplayLedger {
  private readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  save(state: ReplayState): Promise<void> {
    return writeJsonFile(join(this.folder, fileName(state)), state)
  }

  async all(): Promise<readonly ReplayState[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return []
      throw error
    })
    const states = await Promise.all(
      names
        .filter((name) => name.endsWith('.json'))
        .map((name) => readJsonFile(join(this.folder, name), replayFile)),
    )
    return states.filter((state) => state !== undefined).sort((a, b) => a.revision - b.revision)
  }
}

function fileName({ table, version, revision }: ReplayState): string {
  return `${table}.v${version}.r${String(revision).padStart(6, '0')}.json`
}
