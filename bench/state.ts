/*
 * The state of a run folder: how many pages a second are durable, put one after another and several at once, in a table of
 * the SQLite file and, beside it, in a log of frames; and how fast they are read again.
 * npm run bench:state -- [--pages 400] [--kilobytes 30] [--rounds 3] [--dir <folder>]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { put } from '../core/ports/item-table.ts'
import { FrameLog } from '../local/logs/frame-log.ts'
import { SqliteFile } from '../local/sqlite/sqlite-file.ts'
import { SqliteItems } from '../local/sqlite/sqlite-items.ts'

const { values } = parseArgs({
  options: {
    pages: { type: 'string', default: '400' },
    kilobytes: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const pages = Number(values.pages)
const content = Buffer.alloc(Number(values.kilobytes) << 10, 7)
const AT_ONCE = 20

/** One store under measurement; `put` resolves when the page is durable. */
interface Measured {
  readonly name: string
  put(index: number): Promise<void>
  readAll(): Promise<number>
  close(): Promise<void>
}

async function sqlite(folder: string): Promise<Measured> {
  const file = await SqliteFile.open(join(folder, 'state.db'))
  const table = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })
  return {
    name: 'SQLite',
    put: (index) => table.write([put({ pk: 'a.t', sk: keyOf(index), content })]),
    readAll: async () => {
      let count = 0
      for await (const _ of table.range('a.t')) count += 1
      return count
    },
    close: () => file.close(),
  }
}

async function frames(folder: string): Promise<Measured> {
  const log = await FrameLog.open(join(folder, 'log'), 'write', (header) => header)
  let turn: Promise<void> = Promise.resolve()
  return {
    name: 'frame log',
    put: (index) => {
      turn = turn.then(() => log.append([{ header: { key: keyOf(index) }, content }]))
      return turn
    },
    readAll: async () => {
      for (let place = 0; place < log.length; place += 1) await log.read(place)
      return log.length
    },
    close: () => log.close(),
  }
}

async function measure(store: Measured): Promise<void> {
  const perSecond = async (work: () => Promise<unknown>, count: number) => {
    const begin = performance.now()
    await work()
    return Math.round((count * 1_000) / (performance.now() - begin))
  }
  const single = await perSecond(async () => {
    for (let index = 0; index < pages; index += 1) await store.put(index)
  }, pages)
  const grouped = await perSecond(async () => {
    for (let begin = 0; begin < pages; begin += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => store.put(pages + begin + index)))
  }, pages)
  const read = await perSecond(() => store.readAll(), 2 * pages)
  await store.close()
  process.stdout.write(
    `${store.name.padEnd(10)} ${single}/s one after another  ${grouped}/s ${AT_ONCE} at once  ${read}/s read\n`,
  )
}

function keyOf(index: number): string {
  return String(index).padStart(9, '0')
}

process.stdout.write(`${pages} pages of ${values.kilobytes} KiB, each put durable\n`)
for (let round = 0; round < Number(values.rounds); round += 1)
  for (const open of [sqlite, frames]) {
    const folder = await mkdtemp(join(values.dir, 'tidemark-bench-state-'))
    try {
      await measure(await open(folder))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
