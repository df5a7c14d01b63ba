/*
 * The state of a run folder: how many pages a second are durable, put one after another and several at once, in a table of
 * the SQLite file, and how fast they are read again.
 * npm run bench:state -- [--pages 400] [--kilobytes 30] [--rounds 3] [--dir <folder>]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { put } from '../core/ports/item-table.ts'
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

async function measure(folder: string): Promise<void> {
  const file = await SqliteFile.open(join(folder, 'state.db'))
  const table = new SqliteItems(file, 'raw', { unavailable: 'raw/unavailable', damaged: 'raw/corrupt' })
  /* It resolves when the page is durable. */
  const store = (index: number) => table.write([put({ pk: 'a.t', sk: keyOf(index), content })])
  const perSecond = async (work: () => Promise<unknown>, count: number) => {
    const begin = performance.now()
    await work()
    return Math.round((count * 1_000) / (performance.now() - begin))
  }
  const single = await perSecond(async () => {
    for (let index = 0; index < pages; index += 1) await store(index)
  }, pages)
  const grouped = await perSecond(async () => {
    for (let begin = 0; begin < pages; begin += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => store(pages + begin + index)))
  }, pages)
  const read = await perSecond(async () => {
    for await (const _ of table.range('a.t'));
  }, 2 * pages)
  await file.close()
  process.stdout.write(`${single}/s one after another  ${grouped}/s ${AT_ONCE} at once  ${read}/s read\n`)
}

function keyOf(index: number): string {
  return String(index).padStart(9, '0')
}

process.stdout.write(`${pages} pages of ${values.kilobytes} KiB, each put durable\n`)
for (let round = 0; round < Number(values.rounds); round += 1) {
  const folder = await mkdtemp(join(values.dir, 'tidemark-bench-state-'))
  try {
    await measure(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
