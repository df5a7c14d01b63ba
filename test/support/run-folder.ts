import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A folder for this run of all tests, which other users may enter; gone at its end. */
    runFolder: string
  }
}

export default async function openRunFolder(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-run-'))
  await chmod(folder, 0o755)
  project.provide('runFolder', folder)
  return () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
