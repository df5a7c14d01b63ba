import { closeClient, connectSource, type Source } from '../engine/postgres/connection/source-connection.ts'

/** What a bench does, to standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** For a rival that cannot be run, with why: the rest is measured all the same. */
export function without(error: unknown): undefined {
  say(`without the rival: ${error instanceof Error ? error.message.split('\n')[0] : 'unknown'}`)
}

export function mb(bytes: number): number {
  return Math.round(bytes / (1 << 20))
}

/** Watches resident memory of this process until it is asked for the most there was, in MB. */
export function watchMemory(): () => number {
  let peak = 0
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 50).unref()
  return () => {
    clearInterval(timer)
    return mb(peak)
  }
}

export async function withClient<T>(
  source: Source,
  work: (client: Awaited<ReturnType<typeof connectSource>>) => Promise<T>,
): Promise<T> {
  const client = await connectSource(source, { applicationName: 'tidemark bench', queryMs: 0 })
  try {
    return await work(client)
  } finally {
    await closeClient(client)
  }
}
