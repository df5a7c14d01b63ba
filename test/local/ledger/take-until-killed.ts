import { openStores } from '../../support/open-stores.ts'
import { numberedPage, numberedRecord } from './numbered-pages.ts'

// Takes pages through a run folder's raw store and ledger from where it was left, and prints each step that is durable: the
// page's number, and `p` stored, `f` recorded with the checkpoint, `l` landed.
const [folder = ''] = process.argv.slice(2)
const say = (step: string) => process.stdout.write(`${step}\n`)
/* Stages side by side, so that commits of theirs are one. */
const AT_ONCE = 3

const { raw, ledger } = await openStores(folder)
const take = async (number: number) => {
  const { shares } = numberedRecord(number)
  const blocks = shares.flatMap((share) => share.blocks)
  await ledger.delivered(`o${number}`, blocks)
  const recorded = ledger.passTo(number, [numberedRecord(number)]).then(() => say(`f${number}`))
  const landed = ledger.landed({ object: `o${number}`, blocks, files: [] }).then(() => say(`l${number}`))
  await Promise.all([recorded, landed])
}
for (let number = ledger.checkpoint + 1; ; number += 1) {
  for (let next = raw.length + 1; next <= number + AT_ONCE; next += 1)
    void raw.put([numberedPage(next)]).then(() => say(`p${next}`))
  await take(number)
}
