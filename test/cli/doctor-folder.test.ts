import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { commandLine } from '../../cli/main.ts'

let home: string
const before = process.cwd()
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidemark-doctor-'))
  process.chdir(home)
})
afterAll(async () => {
  process.chdir(before)
  await rm(home, { recursive: true, force: true })
})

/* `doctor` as it is typed in an empty folder: what it printed. */
async function doctor(...words: readonly string[]): Promise<string> {
  const printed: string[] = []
  const output = {
    isTerminal: false,
    columns: 200,
    progress: () => undefined,
    result: (text: string) => void printed.push(text),
  }
  const make = await commandLine({ output, sourceFromEnvironment: undefined })
  const exitCode = process.exitCode
  try {
    await make().parseAsync(['node', 'tidemark', 'doctor', ...words])
  } finally {
    process.exitCode = exitCode
  }
  return printed.join('\n')
}

/* Nothing listens there: the source is looked at, and that is what it says. */
const NOWHERE = 'postgres://nobody@127.0.0.1:1/nowhere'

test('of a source needs no folder: one that is not there yet is named as that, and the source is looked at', async () => {
  const printed = await doctor('--source', NOWHERE, '--dir', 'new')
  expect(printed).toMatch(/folder new: no run yet\n(.*\n)*source .*nowhere\n.*source\.connection/)
  expect(await doctor('--source', NOWHERE)).not.toContain('folder')
})

test('of a folder that is not there is refused when nothing else is named', async () => {
  await expect(doctor('--dir', 'new')).rejects.toMatchObject({ code: 'run/not-found' })
})

test('without a word looks at the folder of a run that nobody named another one for, and says so', async () => {
  expect(await doctor()).toContain('folder .tidemark: no run yet; name another with --dir')
  await mkdir('.tidemark')
  await writeFile(join('.tidemark', 'state.db'), 'no state')
  expect(await doctor()).toMatch(/folder \.tidemark\n.*folder\.files/)
})
