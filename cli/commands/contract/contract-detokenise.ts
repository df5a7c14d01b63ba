import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { Command } from 'commander'
import { detokenise } from '../../../core/contract/masking/tokenise.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Cli } from '../../terminal/cli.ts'

interface DetokeniseOptions {
  readonly key: string
  readonly json?: boolean
}

const KEY = /^(?:[0-9a-f]{2}){32,}$/

/**
 * `contract detokenise`: the clear values of tokens, for who has the masking key. Tokens come from a file or standard input:
 * arguments are seen by every user of the machine.
 */
export function contractDetokeniseCommand({ output }: Cli): Command {
  return new Command('detokenise')
    .description('The values that tokens of `tokenise` columns were made of, for who has the masking key.')
    .argument('[file]', 'tokens, one a line; standard input when left out')
    .requiredOption(
      '--key <file>',
      'masking key in hex: keys/mask.hex of a run folder, or the secret of a stack',
    )
    .option('--json', 'as a JSON array')
    .addHelpText('after', '\n  tidemark contract detokenise --key .tidemark/keys/mask.hex tokens.txt')
    .action(async (file: string | undefined, { key, json }: DetokeniseOptions) => {
      const hex = (await readOrRefuse(key)).trim()
      if (!KEY.test(hex))
        throw new PipelineError('usage/invalid', `${key} does not hold a masking key in hex`)
      const tokens = linesOf(file === undefined ? await textOf(process.stdin) : await readOrRefuse(file))
      const clear = tokens.map((token, index) => clearOf(token, Buffer.from(hex, 'hex'), index + 1))
      if (json === true) output.result(JSON.stringify(clear))
      else for (const value of clear) output.result(value)
    })
}

function clearOf(token: string, key: Uint8Array, line: number): string {
  try {
    return detokenise(token, key)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new PipelineError('usage/invalid', `line ${line}: ${cause.message}`, { cause })
  }
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

async function readOrRefuse(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new PipelineError('usage/invalid', `${path} cannot be read`, { cause })
  }
}
