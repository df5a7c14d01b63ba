/*
 * Kills a writer of a SQLite file again and again, and looks after each kill for what it had been told is durable.
 * `npm run test:killed-writer -- --kills 200`. Exit code 1: an item is missing, or half of a call is there.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killWriter, pairsIn } from '../local/sqlite/kill-writer.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' } } })
const kills = Number(values.kills)
/* Pairs of a life: from the first to enough for several checkpoints. */
const MOST_PAIRS = 120
/* A file that grows without end would measure the disk. */
const KILLS_OF_A_FILE = 20

const folder = await mkdtemp(join(tmpdir(), 'tidemark-kills-'))
let acknowledged = 0
let missing = 0
let halves = 0
try {
  for (let kill = 0; kill < kills; kill += 1) {
    const path = join(folder, `state-${Math.floor(kill / KILLS_OF_A_FILE)}.db`)
    const told = await killWriter(path, kill * 1_000_000, 1 + ((kill * 37) % MOST_PAIRS))
    const found = await pairsIn(path)
    acknowledged += told.length
    missing += told.filter((number) => !found.whole.has(number)).length
    halves += found.halves.length
    if ((kill + 1) % KILLS_OF_A_FILE === 0) {
      await rm(path)
      process.stdout.write(`${kill + 1} kills, ${acknowledged} pairs acknowledged, ${missing} missing\n`)
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
process.stdout.write(`${kills} kills: ${acknowledged} acknowledged, ${missing} missing, ${halves} halves\n`)
process.exitCode = missing + halves === 0 ? 0 : 1
