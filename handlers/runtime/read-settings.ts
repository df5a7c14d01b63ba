import * as z from 'zod'
import { PipelineError } from '../../core/failures/failures.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A text that is not blank. */
export const text = z.string().trim().min(1, 'is blank')
/** A whole number of days, 1 to 9999. */
export const days = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'is no whole number of days')
  .transform(Number)
/** Systems of contracts, with commas between them. */
export const systems = text.transform((names) => names.split(',').map((name) => name.trim()))
/** A whole number of at most six digits, or `otherwise` when it is left out. */
export const whole = (otherwise: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, 'is no whole number')
    .default(String(otherwise))
    .transform(Number)
/** The epoch of positions, as `core/position.ts` bounds it. */
export const epoch = z
  .string()
  .regex(/^\d{1,5}$/, 'is no whole number')
  .transform(Number)
  .refine((value) => value <= 0xffff, 'is larger than 65535')

/**
 * The settings of a function out of its environment. Throws `settings/invalid` naming every variable that is missing
 * or wrong, without its value.
 */
export function readSettings<T extends z.ZodType>(shape: T, environment: Environment): z.output<T> {
  const parsed = shape.safeParse(environment)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0] ?? '')
    return environment[name] === undefined ? `${name} is missing` : `${name} ${message}`
  })
  throw new PipelineError('settings/invalid', faults.join(', '))
}
