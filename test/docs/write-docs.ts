/** Whether the pages are to get the output of this run instead of being compared with it. */
export function isWriting(): boolean {
  // biome-ignore lint/style/noProcessEnv: tests have no command line; this is where `TIDEMARK_WRITE_DOCS=1 npx vitest run test/docs` is read
  return process.env['TIDEMARK_WRITE_DOCS'] === '1'
}
