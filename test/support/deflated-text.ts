import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, inflateRawSync } from 'node:zlib'

const REACH = 400

/** Whether a text is anywhere in the files of a folder, as it is or deflated within the first bytes of what was. */
export async function holdsText(folder: string, text: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const contents = files.map(({ parentPath, name }) => readFile(join(parentPath, name)))
  return (await Promise.all(contents)).some((bytes) => bytes.includes(text) || isDeflatedIn(bytes, text))
}

function isDeflatedIn(bytes: Buffer, text: string): boolean {
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0) continue
    try {
      const part = bytes.subarray(at, at + REACH)
      if (inflateRawSync(part, { finishFlush: constants.Z_SYNC_FLUSH }).includes(text)) return true
    } catch {
      /* Nothing deflated begins here. */
    }
  }
  return false
}
