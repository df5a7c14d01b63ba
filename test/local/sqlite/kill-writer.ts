import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { SqliteFile } from '../../../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../../../local/sqlite/sqlite-items.ts'

/**
 * Starts a process that writes, kills it (SIGKILL) when it has said `pairs` times that one is durable, and gives their
 * numbers.
 */
export async function killWriter(path: string, first: number, pairs: number): Promise<readonly number[]> {
  const script = new URL('write-until-killed.ts', import.meta.url).pathname
  const writer = spawn(process.execPath, ['--import', 'tsx', script, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(writer, 'exit')
  const told: number[] = []
  for await (const line of createInterface(writer.stdout)) {
    told.push(Number(line))
    if (told.length === pairs) writer.kill('SIGKILL')
  }
  const [, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error('the writer ended by itself')
  return told
}

/** What a file has after a kill: numbers whose two halves are there, whole, and numbers that have one half. */
export async function pairsIn(
  path: string,
): Promise<{ readonly whole: ReadonlySet<number>; readonly halves: readonly number[] }> {
  const file = await SqliteFile.open(path)
  try {
    const table = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })
    const numbers = async (half: string) => {
      const found = new Set<number>()
      for await (const { sk } of table.range(half)) found.add(Number(sk))
      return found
    }
    const [a, b] = [await numbers('a'), await numbers('b')]
    return {
      whole: new Set([...a].filter((number) => b.has(number))),
      halves: [...a, ...b].filter((number) => a.has(number) !== b.has(number)),
    }
  } finally {
    await file.close()
  }
}
