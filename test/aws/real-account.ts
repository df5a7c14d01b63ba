/** The account that suites may use. */
export interface RealAccount {
  readonly region: string
  readonly bucket: string
}

/** From TIDEMARK_TEST_AWS, `<region> <bucket>`; undefined when it is not set, and suites are skipped. */
export function realAccount(): RealAccount | undefined {
  // biome-ignore lint/style/noProcessEnv: tests have no command line; this is the one place that reads the account.
  const [region, bucket] = (process.env['TIDEMARK_TEST_AWS'] ?? '').split(' ')
  return region === undefined || bucket === undefined ? undefined : { region, bucket }
}
