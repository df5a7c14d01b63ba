import { mkdir, rm } from 'node:fs/promises'

/** Makes an empty folder, only the caller's, in place of what a run that was cut off left there. */
export async function freshFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { recursive: true, mode: 0o700 })
}
