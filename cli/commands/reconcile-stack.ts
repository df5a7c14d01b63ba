import { proofAnswer } from '../../local/reconcile/proof-answer.ts'
import { answerExit, answerText } from '../answer-report.ts'
import type { Output } from '../output.ts'
import { functionOf, readStack } from '../stack.ts'

export interface StackProof {
  readonly stack: readonly string[]
  readonly table?: readonly string[]
  readonly sample?: number
  readonly since?: string
  readonly heal?: boolean
  readonly json?: boolean
}

/** Lets the function `reconcile` of a stack prove its lake, prints what it answers, and sets the exit code. */
export async function reconcileStack(
  { stack, table, sample, since, heal, json }: StackProof,
  output: Output,
): Promise<void> {
  const { region, name } = functionOf(await readStack(stack), 'reconcile')
  /* The SDK is loaded only by who needs it. */
  const { lambdaClient } = await import('../../aws/clients.ts')
  const { invoke } = await import('../../aws/lambda/invoke.ts')
  const client = lambdaClient({ region })
  if (json !== true) output.progress(`function ${name} compares; it may take 15 minutes`)
  try {
    const event = { tables: table, sample, since, heal }
    const answer = await invoke({ client, name }, event, proofAnswer)
    output.result(json === true ? JSON.stringify(answer) : answerText(answer, output))
    process.exitCode = answerExit(answer)
  } finally {
    client.destroy()
  }
}
