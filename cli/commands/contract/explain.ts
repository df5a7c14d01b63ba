import { Command } from 'commander'
import { type Explanation, explanations } from '../../../contract-tools/check/explanations.ts'
import { nearest } from '../../../contract-tools/check/nearest.ts'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Cli } from '../../terminal/cli.ts'
import { alignedTable, paint } from '../../terminal/output.ts'

interface ExplainOptions {
  readonly list?: boolean
  readonly json?: boolean
}

/** `explain`: what a code means, without a network. */
export function explainCommand({ output }: Cli): Command {
  return new Command('explain')
    .description('Explain a failure code, a contract rule or a schema evolution rule.')
    .argument('[code]', 'code, such as format/bad-value, C105 or F201')
    .option('--list', 'list every code with its title')
    .option('--json', 'as JSON')
    .addHelpText('after', '\n  tidemark explain format/bad-value\n  tidemark explain --list')
    .action((code: string | undefined, { list, json }: ExplainOptions) => {
      if (list === true) {
        const rows = explanations.map((entry) => [entry.code, entry.title])
        output.result(json === true ? JSON.stringify(explanations) : alignedTable(['code', 'title'], rows))
        return
      }
      const found = find(code)
      output.result(json === true ? JSON.stringify(found) : text(found))
    })

  function text({ code, title, happens, todo }: Explanation): string {
    return [
      `${paint(output, 'bold', code)}: ${title}`,
      `  what happens: ${happens}`,
      `  what to do:   ${todo}`,
    ].join('\n')
  }
}

function find(code: string | undefined): Explanation {
  if (code === undefined) throw new PipelineError('usage/invalid', 'name a code; explain --list shows all')
  const found = explanations.find((entry) => entry.code.toLowerCase() === code.toLowerCase())
  if (found !== undefined) return found
  const codes = explanations.map((entry) => entry.code)
  /* The last word of a failure is often all that one remembers. */
  const parts = codes.filter((known) => code.length > 3 && known.includes(code.toLowerCase()))
  const near = [...new Set([...parts, ...nearest(code, codes)])].slice(0, 3)
  const advice = near.length === 0 ? '; explain --list shows all' : `; did you mean ${near.join(', ')}?`
  throw new PipelineError('usage/invalid', `there is no code ${code}${advice}`)
}
