import { join } from 'node:path'
import { DatabaseSync } from '@photostructure/sqlite'
import { onTestFinished } from 'vitest'
import type { ItemDocuments } from '../../local/documents/item-documents.ts'
import { runFolder } from '../../local/state/run-folder.ts'
import { StateFile } from '../../local/state/state-file.ts'

/** The documents of a run folder, until the test ends. */
export async function openDocuments(root: string): Promise<ItemDocuments> {
  const state = await StateFile.open(runFolder(root))
  onTestFinished(() => state.close())
  return state.documents
}

/** Writes documents into a run folder where nothing runs. */
export async function writeDocuments<T>(
  root: string,
  work: (documents: ItemDocuments) => Promise<T>,
): Promise<T> {
  const state = await StateFile.open(runFolder(root))
  try {
    return await work(state.documents)
  } finally {
    await state.close()
  }
}

/** Makes other bytes of a document than were written. */
export function damageDocument(root: string, key: string): void {
  const db = new DatabaseSync(join(root, 'state.db'))
  try {
    const { changes } = db
      .prepare(`UPDATE documents SET attributes = replace(attributes, '1', '2') WHERE sk = ?`)
      .run(key)
    if (changes !== 1) throw new Error(`no document ${key}`)
  } finally {
    db.close()
  }
}

/** Makes other bytes of the first item of a partition than were written; of the first item of the table without one. */
export function damageItem(
  root: string,
  { table, pk, bytes = false }: { readonly table: string; readonly pk?: string; readonly bytes?: boolean },
): void {
  const db = new DatabaseSync(join(root, 'state.db'))
  try {
    const change = bytes ? 'bytes = zeroblob(length(bytes))' : `attributes = attributes || ' '`
    const { changes } = db
      .prepare(
        `UPDATE ${table} SET ${change} WHERE seq = (SELECT min(seq) FROM ${table} WHERE pk = ? OR ? IS NULL)`,
      )
      .run(pk ?? null, pk ?? null)
    if (changes !== 1) throw new Error(`no item of ${table} ${pk}`)
  } finally {
    db.close()
  }
}
