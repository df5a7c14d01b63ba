import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import type { LedgerBook } from '../../core/ledger/ledger-book.ts'
import { isErrno } from '../../engine/files/durable.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'
import { ledgerTotals } from './ledger-schema.ts'

/** The books as they were last stored; undefined before the first time. Throws `ledger/corrupt`. */
export async function readBooks(folder: string): Promise<z.infer<typeof ledgerTotals> | undefined> {
  try {
    return await readJsonFile(join(folder, 'totals.json'), ledgerTotals)
  } catch (cause) {
    if (!(cause instanceof PipelineError)) throw cause
    throw new PipelineError('ledger/corrupt', `the books in ${folder} cannot be read`, { cause })
  }
}

/** Stores the books, with the number of the journal that goes on from them, as a whole. */
export async function writeBooks(folder: string, journal: number, book: LedgerBook): Promise<void> {
  try {
    await writeJsonFile(join(folder, 'totals.json'), { format: 1, journal, book })
  } catch (cause) {
    throw new PipelineError('ledger/unavailable', `${folder} cannot be written`, { cause })
  }
}

/** Numbers of the journals in a folder. */
export async function journalsIn(folder: string): Promise<readonly number[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  })
  return names.flatMap((name) => /^journal-(\d{8})$/.exec(name)?.[1] ?? []).map(Number)
}
