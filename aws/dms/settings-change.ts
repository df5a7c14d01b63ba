import { PipelineError } from '../../core/failures/failures.ts'

/** A setting that is not as wanted, by its path: `ErrorBehavior.DataErrorPolicy`. Texts are JSON; undefined for none. */
export interface SettingChange {
  readonly path: string
  readonly live: string | undefined
  readonly wanted: string
}

/**
 * What settings of a DMS task (JSON) lack of those that it should have. DMS answers with all settings, its defaults filled
 * in, so only what is wanted is looked at; of a list each wanted element must be in the live one, wherever. Throws
 * `dms/refused` for settings that are no JSON.
 */
export function settingsChange(
  live: string,
  wanted: Readonly<Record<string, unknown>>,
): readonly SettingChange[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(live)
  } catch (cause) {
    throw new PipelineError('dms/refused', 'the task has settings that are no JSON', { cause })
  }
  return compare(parsed, wanted, '')
}

function compare(live: unknown, wanted: unknown, path: string): readonly SettingChange[] {
  if (isObject(wanted) && isObject(live))
    return Object.entries(wanted).flatMap(([name, value]) =>
      compare(live[name], value, path === '' ? name : `${path}.${name}`),
    )
  if (Array.isArray(wanted) && Array.isArray(live))
    return wanted.flatMap((element: unknown, index) =>
      live.some((one) => compare(one, element, '').length === 0)
        ? []
        : [{ path: `${path}[${index}]`, live: undefined, wanted: JSON.stringify(element) }],
    )
  const [before, after] = [JSON.stringify(live), JSON.stringify(wanted)]
  return before === after ? [] : [{ path, live: before, wanted: after }]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
