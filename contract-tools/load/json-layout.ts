const LINE_WIDTH = 110

/** JSON text as Biome lays it out, so that the formatter has nothing to change: flat where it fits, the outermost object never. */
export function jsonLayout(value: Readonly<Record<string, unknown>>, indent = 0): string {
  const inner = indent + 2
  const members = Object.entries(value).map(([name, item]) => jsonMember(name, item, inner))
  return `{\n${members.join(',\n')}\n${' '.repeat(indent)}}`
}

/** A member of an object on a line of its own, `indent` columns in. */
export function jsonMember(name: string, value: unknown, indent: number): string {
  const key = `${' '.repeat(indent)}${JSON.stringify(name)}: `
  return `${key}${jsonValue(value, indent, key.length)}`
}

/** A value that begins after `used` columns of its line; a comma follows it. */
export function jsonValue(value: unknown, indent: number, used = indent): string {
  const flat = flatText(value)
  if (typeof value !== 'object' || value === null || used + flat.length + 1 <= LINE_WIDTH) return flat
  if (!Array.isArray(value)) return jsonLayout(Object.fromEntries(Object.entries(value)), indent)
  const inner = indent + 2
  const items = value.map((item) => `\n${' '.repeat(inner)}${jsonValue(item, inner)}`)
  return `[${items.join(',')}\n${' '.repeat(indent)}]`
}

function flatText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flatText).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${flatText(item)}`)
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
