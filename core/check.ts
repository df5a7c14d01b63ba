import { type FailureCode, PipelineError } from './failures/failures.ts'

/** `unknown`: it could not be looked at, and `message` tells why. */
export type CheckState = 'ok' | 'warn' | 'fail' | 'unknown'

/** One step that mends what a check found: a statement, a command, or what a person does. Run in their order, as they stand. */
export interface Fix {
  readonly kind: 'sql' | 'shell' | 'step'
  readonly text: string
}

/** What a check found. Names and numbers, never a row value or a secret. */
export interface Verdict {
  readonly state: CheckState
  readonly message: string
  readonly fix: readonly Fix[]
  /** The failure with which the pipeline itself would refuse. */
  readonly code?: FailureCode
}

export interface CheckResult extends Verdict {
  /** Stable: scripts and documents name a check by it. */
  readonly id: string
}

/** One thing that must hold. It is evaluated on what was read and reads nothing itself. */
export interface Rule<Facts> {
  readonly id: string
  /** What must hold, for the list of all checks. */
  readonly title: string
  evaluate(facts: Facts): Verdict
}

export const sql = (text: string): Fix => ({ kind: 'sql', text })
export const shell = (text: string): Fix => ({ kind: 'shell', text })
export const step = (text: string): Fix => ({ kind: 'step', text })

export function ok(message: string): Verdict {
  return { state: 'ok', message, fix: [] }
}

export function warn(message: string, ...fix: readonly Fix[]): Verdict {
  return { state: 'warn', message, fix }
}

export function unknown(message: string, ...fix: readonly Fix[]): Verdict {
  return { state: 'unknown', message, fix }
}

export function fail(message: string, ...fix: readonly Fix[]): Verdict {
  return { state: 'fail', message, fix }
}

/** A failure that the pipeline has a name for, and would refuse to start with. */
export function refuse(code: FailureCode, message: string, ...fix: readonly Fix[]): Verdict {
  return { ...fail(message, ...fix), code }
}

/** The text of a refusal: what is wrong, then what mends it. */
export function refusalText({ message, fix }: Pick<Verdict, 'message' | 'fix'>): string {
  return fix.length === 0 ? message : `${message}: ${fix.map(({ text }) => text).join(' ')}`
}

/** Throws the first refusal of the rules, with its fix in the message. */
export function refuseFirst<Facts>(rules: readonly Rule<Facts>[], facts: Facts): void {
  for (const rule of rules) {
    const verdict = rule.evaluate(facts)
    if (verdict.code !== undefined) throw new PipelineError(verdict.code, refusalText(verdict))
  }
}

/** Every rule on what `read` gives. When it gives nothing, each is what `lacking` says of the error: no other check is stopped. */
export async function examine<Facts>(
  rules: readonly Rule<Facts>[],
  read: () => Promise<Facts>,
  lacking: (error: unknown) => Verdict,
): Promise<readonly CheckResult[]> {
  let facts: Facts
  try {
    facts = await read()
  } catch (error) {
    return rules.map(({ id }) => ({ id, ...lacking(error) }))
  }
  return rules.map((rule) => ({ id: rule.id, ...rule.evaluate(facts) }))
}

/* From the best to the worst: what is not known may be anything short of a failure that was seen. */
const order: readonly CheckState[] = ['ok', 'unknown', 'warn', 'fail']

/** The worst state of all; `ok` of none. */
export function worst(states: readonly CheckState[]): CheckState {
  return order.findLast((state) => states.includes(state)) ?? 'ok'
}

/** Checks under one head. */
export interface CheckGroup {
  readonly name: string
  readonly checks: readonly CheckResult[]
}
