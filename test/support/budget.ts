const quickSeconds = 1

/**
 * How many runs a property gets: `quick` of them in an ordinary test run, more in proportion when
 * TIDEMARK_TEST_SECONDS grants each property more than a second.
 */
export const runs = (quick: number): number => Math.max(1, Math.round(quick * (seconds() / quickSeconds)))

function seconds(): number {
  // biome-ignore lint/style/noProcessEnv: tests have no command line; this is the one file that reads their budget.
  const given = Number(process.env['TIDEMARK_TEST_SECONDS'])
  return given > 0 ? given : quickSeconds
}

/** Whether every advice is carried out, as `npm run test:advice` asks: a minute or two. */
export function isEveryAdvice(): boolean {
  // biome-ignore lint/style/noProcessEnv: as above
  return process.env['TIDEMARK_TEST_ADVICE'] === 'all'
}
