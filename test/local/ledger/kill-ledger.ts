import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { blockId } from '../../../core/ledger/ledger.ts'
import { openStores } from '../../support/open-stores.ts'
import { walkedBalance } from '../../support/walked-balance.ts'
import { contract, numberedRecord, source } from './numbered-pages.ts'

/** Starts a process that takes pages through a folder, kills it (SIGKILL) when it has said `steps` steps, and gives them. */
export async function killLedger(folder: string, steps: number): Promise<readonly string[]> {
  const script = new URL('take-until-killed.ts', import.meta.url).pathname
  const writer = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(writer, 'exit')
  const told: string[] = []
  for await (const line of createInterface(writer.stdout)) {
    told.push(line)
    if (told.length === steps) writer.kill('SIGKILL')
  }
  const [, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error('the writer ended by itself')
  return told
}

/**
 * What is wrong in a folder after a kill, in words: a step that was told and is not there, a checkpoint without its records,
 * sums that are not those of what is there.
 */
export async function faultsAfter(folder: string, told: readonly string[]): Promise<readonly string[]> {
  const stores = await openStores(folder)
  const { raw, ledger, close } = stores
  try {
    const faults: string[] = []
    const isThere = async (step: string) => {
      const record = numberedRecord(Number(step.slice(1)))
      if (step.startsWith('p')) return raw.offsetOf(record.page) !== undefined
      const found = await ledger.records.page(record.page)
      if (step.startsWith('f')) return found?.formatted !== undefined
      return record.shares[0]?.blocks.every((block) => found?.landed.has(blockId(block))) === true
    }
    for (const step of told) if (!(await isThere(step))) faults.push(`${step} is lost`)
    for (let number = 1; number <= ledger.checkpoint; number += 1)
      if (!(await isThere(`f${number}`))) faults.push(`the checkpoint passed ${number} without its record`)
    const { captured, landed, quarantined, inFlight, missing } = ledger.balance({ contract, source })
    const kept = JSON.stringify({ captured, landed, quarantined, inFlight, missing })
    const walked = await walkedBalance(stores, { contract, source }, false)
    const { captured: all, landed: there, quarantined: refused, inFlight: coming, missing: gone } = walked
    const expected = JSON.stringify({
      captured: all,
      landed: there,
      quarantined: refused,
      inFlight: coming,
      missing: gone,
    })
    if (kept !== expected) faults.push(`the sums are ${kept}, what is there is ${expected}`)
    for await (const { key } of raw.damaged()) faults.push(`${key} is damaged`)
    return faults
  } finally {
    await close()
  }
}
