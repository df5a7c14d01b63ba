import * as z from 'zod'
import { formatLsn, parseLsn } from '../../engine/postgres/connection/lsn.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const stored = z.object({ format: z.literal(1), lsn: z.string().nullable() })

/** How far a run has told its slot that everything is durable, at most; undefined where no run of this version has. */
export async function readAcknowledged(path: string): Promise<bigint | undefined> {
  const found = await readJsonFile(path, stored)
  const lsn = found?.lsn ?? null
  return lsn === null ? undefined : parseLsn(lsn)
}

/** Durable when it resolves. */
export async function noteAcknowledged(path: string, lsn: bigint): Promise<void> {
  await writeJsonFile(path, { format: 1, lsn: formatLsn(lsn) })
}

/** Before another slot is made, of which nothing is known yet. */
export async function forgetAcknowledged(path: string): Promise<void> {
  await writeJsonFile(path, { format: 1, lsn: null })
}
