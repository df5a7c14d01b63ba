/*
 * Kills writers of a SQLite file again and again, and looks after each kill for what they had been told is durable: one of plain
 * items, and one that takes pages through raw store and ledger. `npm run test:killed-writer -- --kills 200`, half of them of
 * each. Exit code 1: something that was told is missing, half of a call is there, or sums are not those of what is there.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { faultsAfter, killLedger } from '../local/ledger/kill-ledger.ts'
import { killWriter, pairsIn } from '../local/sqlite/kill-writer.ts'

const { values } = parseArgs({ options: { kills: { type: 'string', default: '200' } } })
const kills = Math.ceil(Number(values.kills) / 2)
/* Pairs, or steps, of a life: from the first to enough for several checkpoints. */
const MOST = 120
/* A file that grows without end would measure the disk. */
const KILLS_OF_A_FILE = 20

const folder = await mkdtemp(join(tmpdir(), 'tidemark-kills-'))
let acknowledged = 0
const faults: string[] = []
const say = (text: string) => process.stdout.write(`${text}\n`)
try {
  for (let kill = 0; kill < kills; kill += 1) {
    const life = 1 + ((kill * 37) % MOST)
    const part = Math.floor(kill / KILLS_OF_A_FILE)
    const path = join(folder, `state-${part}.db`)
    const pairs = await killWriter(path, kill * 1_000_000, life)
    const found = await pairsIn(path)
    for (const number of pairs) if (!found.whole.has(number)) faults.push(`pair ${number} is lost`)
    for (const number of found.halves) faults.push(`half of pair ${number} is there`)
    const run = join(folder, `run-${part}`)
    const steps = await killLedger(run, life)
    faults.push(...(await faultsAfter(run, steps)))
    acknowledged += pairs.length + steps.length
    if ((kill + 1) % KILLS_OF_A_FILE === 0) {
      await rm(path)
      await rm(run, { recursive: true })
      say(`${2 * (kill + 1)} kills, ${acknowledged} calls acknowledged, ${faults.length} faults`)
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
for (const fault of faults) say(fault)
say(`${2 * kills} kills: ${acknowledged} acknowledged, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
