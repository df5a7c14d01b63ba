import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Table } from '../../../core/contract/language/table.ts'
import type { RawChange } from '../../../core/page.ts'
import { LakeEye, RepairFixture } from './repair-fixture.ts'

/** Folders of one test file, and an eye on them; both go at its end. */
export interface LakeRuns {
  eye(): LakeEye
  folder(): string
  /** Opens the stores with contracts for as long as the work takes. */
  inLife<T>(folder: string, tables: readonly Table[], work: (shop: RepairFixture) => Promise<T>): Promise<T>
  /** A new folder that has taken changes, batch by batch. */
  filled(tables: readonly Table[], batches: readonly (readonly RawChange[])[]): Promise<string>
}

export function lakeRuns(): LakeRuns {
  let root = ''
  let eye: LakeEye | undefined
  let folders = 0
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidemark-repair-'))
    eye = await LakeEye.open()
  })
  afterAll(async () => {
    eye?.close()
    await rm(root, { recursive: true, force: true })
  })
  const runs: LakeRuns = {
    eye() {
      if (eye === undefined) throw new Error('before the tests began')
      return eye
    },
    folder() {
      folders += 1
      return join(root, `run${folders}`)
    },
    async inLife(folder, tables, work) {
      const shop = await RepairFixture.open(folder, tables)
      try {
        return await work(shop)
      } finally {
        await shop.close()
      }
    },
    async filled(tables, batches) {
      const folder = runs.folder()
      await runs.inLife(folder, tables, async (shop) => {
        for (const [index, batch] of batches.entries()) await shop.take(batch, String(index))
      })
      return folder
    },
  }
  return runs
}
