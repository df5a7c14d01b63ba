import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A history file of things that holds changes, not a load. */
export async function changesFile(dir: string): Promise<string> {
  const names = await readdir(join(dir, 'lake'), { recursive: true })
  const found = names.find((name) => /things_v1_history.*\/(?!load-)[^/]+\.parquet$/.test(name))
  if (found === undefined) throw new Error('no history file of things')
  return join(dir, 'lake', found)
}
