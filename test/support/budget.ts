import { test } from 'vitest'

const quickSeconds = 1
/* Of what a property is worth: the rest is run by `npm run test:whole`. */
const quickShare = 0.4

/**
 * How many runs a property gets: `usual` of them when everything is taken whole, more in proportion when
 * TIDEMARK_TEST_SECONDS grants each property more than a second, less than half in an ordinary test run.
 */
export const runs = (usual: number): number => Math.max(1, Math.round(usual * share()))

/** How long such a property may take: never less than it was given. */
export const within = (milliseconds: number): number => Math.max(milliseconds, milliseconds * share())

function share(): number {
  return isWhole() || seconds() > quickSeconds ? seconds() / quickSeconds : quickShare
}

function seconds(): number {
  // biome-ignore lint/style/noProcessEnv: tests have no command line; this is the one file that reads their budget.
  const given = Number(process.env['TIDEMARK_TEST_SECONDS'])
  return given > 0 ? given : quickSeconds
}

/** Whether every case of every law is run, as `npm run test:whole` asks. */
export function isWhole(): boolean {
  // biome-ignore lint/style/noProcessEnv: as above
  return process.env['TIDEMARK_TEST_WHOLE'] === 'yes'
}

/** All of them when everything is taken whole; else as many as asked, from the whole breadth, the first and the last among them. */
export function spread<T>(all: readonly T[], quick: number): readonly T[] {
  if (isWhole() || all.length <= quick) return all
  const places = Array.from({ length: quick }, (_, n) =>
    Math.round((n * (all.length - 1)) / Math.max(1, quick - 1)),
  )
  return all.filter((_, index) => places.includes(index))
}

/** A test that `npm run test:whole` runs; a smaller case of the same law is beside it, or is named there, and runs always. */
export function whole(name: string, run: () => Promise<void> | void, timeout?: number): void {
  if (isWhole()) test(name, run, timeout)
}
