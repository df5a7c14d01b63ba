import { proofAnswer } from '../../../engine/reconcile/proof-answer.ts'
import { invokeFunction } from '../../../stack/invoke-function.ts'
import type { Output } from '../../terminal/output.ts'
import { answerExit, answerText } from '../../view/answer-report.ts'

export interface StackProof {
  readonly stack: readonly string[]
  readonly table?: readonly string[]
  readonly sample?: number
  readonly since?: string
  readonly repair?: boolean
  readonly json?: boolean
}

/** Lets the function `reconcile` of a stack prove its lake, prints what it answers, and sets the exit code. */
export async function reconcileStack(
  { stack, table, sample, since, repair: heal, json }: StackProof,
  output: Output,
): Promise<void> {
  if (json !== true) output.progress('the reconcile function is running; it may take 15 minutes')
  const event = { tables: table, sample, since, heal }
  const answer = await invokeFunction(stack, 'reconcile', event, proofAnswer)
  output.result(json === true ? JSON.stringify(answer) : answerText(answer, output))
  process.exitCode = answerExit(answer)
}
