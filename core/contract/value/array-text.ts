/**
 * Elements of PostgreSQL's one-dimensional array text, `{a,"b c",NULL}`; null elements are null.
 * Undefined when it is not one: more dimensions, a lower bound other than 1, or broken quoting.
 * Source: PostgreSQL manual, 8.15.6 Array Input and Output Syntax.
 */
export function parseArrayText(text: string): readonly (string | null)[] | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  if (text === '{}') return []
  const elements: (string | null)[] = []
  let at = 1
  for (;;) {
    const element = text.charCodeAt(at) === 34 ? quoted(text, at) : bare(text, at)
    if (element === undefined) return undefined
    elements.push(element.value)
    at = element.end
    if (at === text.length - 1) return elements
    if (text[at] !== ',') return undefined
    at += 1
  }
}

interface Element {
  readonly value: string | null
  readonly end: number
}

function quoted(text: string, start: number): Element | undefined {
  let value = ''
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text[i]
    if (char === '"') return { value, end: i + 1 }
    if (char === '\\') i += 1
    value += text[i] ?? ''
  }
  return undefined
}

function bare(text: string, start: number): Element | undefined {
  let end = start
  while (end < text.length && !/[,{}"\\]/.test(text[end] ?? '')) end += 1
  if (end === start || text[end] === '{' || text[end] === '"' || text[end] === '\\') return undefined
  const value = text.slice(start, end)
  return { value: value.toUpperCase() === 'NULL' ? null : value, end }
}
