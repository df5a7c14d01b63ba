import { readFile } from 'node:fs/promises'
import type * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'
import { listPrices } from '../../cost/list-prices.ts'
import { type PriceSheet, priceOverrides, withOverrides } from '../../cost/price-sheet.ts'
import { type Setup, setupShape } from '../../cost/setup.ts'

/**
 * The prices of a region, those of a file over them. Throws `cost/no-region` for one without list prices, `cost/bad-file`
 * for a file that is not what it should be.
 */
export async function readSheet(region: string, file: string | undefined): Promise<PriceSheet> {
  const sheet = listPrices.get(region)
  if (sheet === undefined)
    throw new PipelineError('cost/no-region', `${region}; there are ${[...listPrices.keys()].join(', ')}`)
  return file === undefined ? sheet : withOverrides(sheet, await readShape(file, priceOverrides))
}

/** The setup that a file describes where it differs from the stacks'. Throws `cost/bad-file`. */
export function readSetup(file: string): Promise<Setup> {
  return readShape(file, setupShape)
}

async function readShape<T extends z.ZodType>(file: string, shape: T): Promise<z.output<T>> {
  let given: unknown
  try {
    given = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new PipelineError('cost/bad-file', `${file}: no readable JSON`, { cause })
  }
  const parsed = shape.safeParse(given)
  if (parsed.success) return parsed.data
  const places = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`)
  throw new PipelineError('cost/bad-file', `${file}: ${places.join('; ')}`)
}
