import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { readJsonFile, writeJsonFile } from '../../../local/documents/json-file.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const schema = z.object({ format: z.literal(1), names: z.array(z.string()), rows: z.number() })
const value = { format: 1, names: ['é', '"digest": "x"'], rows: 409 } as const

test('gives back what was written, and nothing where nothing was', async () => {
  const path = join(await tempFolder(), 'deep', 'a.json')
  expect(await readJsonFile(path, schema)).toBeUndefined()
  await writeJsonFile(path, value)
  expect(await readJsonFile(path, schema)).toEqual(value)
})

test('one flipped bit, wherever it is, is damage', async () => {
  const path = join(await tempFolder(), 'a.json')
  await writeJsonFile(path, value)
  const whole = await readFile(path)
  for (let bit = 0; bit < whole.length * 8; bit += 7) {
    const flipped = Buffer.from(whole)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    await writeFile(path, flipped)
    await expect(readJsonFile(path, schema)).rejects.toMatchObject({ code: 'run/damaged' })
  }
})

test('a file that is cut anywhere is damaged, and the text of it is in no error', async () => {
  const path = join(await tempFolder(), 'a.json')
  await writeJsonFile(path, value)
  const whole = await readFile(path)
  for (let length = 0; length < whole.length; length += 1) {
    await writeFile(path, whole.subarray(0, length))
    const error = await readJsonFile(path, schema).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'run/damaged' })
    expect(error).not.toHaveProperty('cause')
  }
})

test('a whole file of another form is of another version', async () => {
  const path = join(await tempFolder(), 'a.json')
  await writeJsonFile(path, { ...value, format: 7 })
  await expect(readJsonFile(path, schema)).rejects.toMatchObject({ code: 'run/bad-folder' })
})
