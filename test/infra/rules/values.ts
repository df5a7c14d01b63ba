/** The value at a path such as `rule.0.status`; undefined where there is none. */
export function at(values: unknown, path: string): unknown {
  let here = values
  for (const step of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined
    here = Reflect.get(here, step)
  }
  return here
}

export function textAt(values: unknown, path: string): string {
  const value = at(values, path)
  return typeof value === 'string' ? value : ''
}

/** A number, or undefined where none was said. */
export function numberAt(values: unknown, path: string): number | undefined {
  const value = at(values, path)
  return typeof value === 'number' ? value : undefined
}

export function listAt(values: unknown, path: string): readonly unknown[] {
  const value = at(values, path)
  return Array.isArray(value) ? value : []
}

/** The JSON that an argument holds as a text. */
export function jsonAt(values: unknown, path: string): unknown {
  const text = textAt(values, path)
  return text === '' ? undefined : JSON.parse(text)
}
