import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { contractDetokeniseCommand } from '../../cli/commands/contract/contract-detokenise.ts'
import { tokeniser } from '../../core/contract/masking/tokenise.ts'
import { tempFolder } from '../support/temp-folder.ts'

const key = Buffer.alloc(32, 7)
const tokens = ['ada@lovelace.example', 'Zoë', '42'].map(tokeniser(key))

async function run(lines: readonly string[], keyText: string, ...more: readonly string[]) {
  const folder = await tempFolder()
  const [keyFile, file] = [join(folder, 'mask.hex'), join(folder, 'tokens.txt')]
  writeFileSync(keyFile, keyText)
  writeFileSync(file, `${lines.join('\n')}\n`)
  const printed: string[] = []
  const output = {
    isTerminal: false,
    columns: 100,
    result: (text: string) => void printed.push(text),
    progress: () => undefined,
  }
  const command = contractDetokeniseCommand({ output, sourceFromEnvironment: undefined })
  await command.parseAsync(['--key', keyFile, ...more, file], { from: 'user' })
  return printed
}

test('gives the values of tokens back, in their order', async () => {
  const hex = `${key.toString('hex')}\n`
  expect(await run(tokens, hex)).toEqual(['ada@lovelace.example', 'Zoë', '42'])
  expect(await run(tokens, hex, '--json')).toEqual(['["ada@lovelace.example","Zoë","42"]'])
})

test('G7: what is no token of the key is named by its line and repeated nowhere', async () => {
  const foreign = tokeniser(Buffer.alloc(32, 8))('ada@lovelace.example')
  const hex = key.toString('hex')
  for (const [bad, message] of [
    [foreign, 'line 4: the token was altered, or made with another key'],
    ['ada@lovelace.example', 'line 4: not a token'],
  ] as const)
    await expect(run([...tokens, bad], hex)).rejects.toMatchObject({ code: 'usage/invalid', message })
  await expect(run(tokens, 'no key')).rejects.toThrow('does not hold a masking key in hex')
})
