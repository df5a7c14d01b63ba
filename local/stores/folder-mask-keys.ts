import { createHmac, randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import * as z from 'zod'
import type { MaskKey } from '../../core/contract/masking/pii.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import type { MaskKeys } from '../../core/ports/ports.ts'
import { createFile, makeFolder, readIfThere } from '../../engine/files/durable.ts'
import { readJsonFile, writeJsonFile } from '../documents/json-file.ts'

const checkFile = z.object({ format: z.literal(1), check: z.string() })

export interface FolderMaskKeysOptions {
  /** File of the key. */
  readonly key: string
  /** File of its check value, which tells it from every other key and says nothing of it. */
  readonly check: string
  /** Whether rows are masked with the key of the folder: then there is no other one. */
  readonly isUsed: () => Promise<boolean>
}

/**
 * The masking key in a file that only its owner can read, made at the first call of a folder. Throws
 * `run/mask-key-changed` where the key is damaged or another one, whether or not rows are masked yet, and where rows are
 * masked and it is gone: another key would be another hash for every person.
 */
export class FolderMaskKeys implements MaskKeys {
  private readonly options: FolderMaskKeysOptions

  constructor(options: FolderMaskKeysOptions) {
    this.options = options
  }

  async current(): Promise<MaskKey> {
    const { key: path, check: checkPath, isUsed } = this.options
    const check = (await readJsonFile(checkPath, checkFile))?.check
    const text = await readIfThere(path)
    const key = text === undefined ? undefined : keyOf(text)
    if (key !== undefined && check === checkOf(key)) return key
    const fault = faultOf(text, key, check)
    if (text !== undefined && fault !== undefined)
      throw new PipelineError('run/mask-key-changed', `${path} ${fault}`)
    if (text === undefined && (await isUsed()))
      throw new PipelineError('run/mask-key-changed', `${path} is missing, and rows are masked with it`)
    const current = key ?? (await make(path))
    await writeJsonFile(checkPath, { format: 1, check: checkOf(current) })
    return current
  }
}

/** What is wrong with the key that a folder has; undefined where nothing is, or where no key is there. Writes nothing. */
export async function keyFault({
  key: path,
  check: checkPath,
}: Pick<FolderMaskKeysOptions, 'key' | 'check'>): Promise<string | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  return faultOf(text, keyOf(text), (await readJsonFile(checkPath, checkFile))?.check)
}

/* A key without a check value is of before there were any. */
function faultOf(
  text: string | undefined,
  key: MaskKey | undefined,
  check: string | undefined,
): string | undefined {
  if (text === undefined) return undefined
  if (key === undefined) return 'does not hold a masking key'
  return check === undefined || check === checkOf(key)
    ? undefined
    : 'is another key than the one of the folder'
}

async function make(path: string): Promise<MaskKey> {
  await makeFolder(dirname(path))
  await createFile(path, [Buffer.from(`${randomBytes(32).toString('hex')}\n`)])
  /* Of several that make one at once, one has made it. */
  const key = keyOf((await readIfThere(path)) ?? '')
  if (key === undefined)
    throw new PipelineError('run/mask-key-changed', `${path} does not hold a masking key`)
  return key
}

function keyOf(text: string): MaskKey | undefined {
  const hex = text.trim()
  return /^[0-9a-f]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : undefined
}

function checkOf(key: MaskKey): string {
  return createHmac('sha256', key).update('tidemark: the masking key of a run folder').digest('hex')
}
