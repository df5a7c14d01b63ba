import * as z from 'zod'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const checkpointFile = z.object({ format: z.literal(1), pages: z.number().int().min(0) })

/** Pages that format is done with, by the checkpoint of a folder; undefined where there is none. */
export async function checkpointIn(path: string): Promise<number | undefined> {
  return (await readJsonFile(path, checkpointFile))?.pages
}

/** The same; 0 where there is none. */
export async function readCheckpoint(path: string): Promise<number> {
  return (await checkpointIn(path)) ?? 0
}

/** Durable when it resolves. */
export async function writeCheckpoint(path: string, pages: number): Promise<void> {
  await writeJsonFile(path, { format: 1, pages })
}
