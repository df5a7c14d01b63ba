/** A place in a file, both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/**
 * Where a member of the object of a contract is written: `['columns', 'shift_id']`. When it is not there, where the
 * nearest object around it is; at worst where the file begins.
 */
export function locateMember(text: string, path: readonly string[]): Place {
  const members = memberOffsets(text)
  for (let length = path.length; length > 0; length -= 1) {
    const offset = members.get(path.slice(0, length).join('\n'))
    if (offset !== undefined) return placeOf(text, offset)
  }
  return placeOf(text, Math.max(text.search(/^export /m), 0))
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}

/* Comments, strings, regular expressions where a value may stand, names, marks. */
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|(?<=[(,=:[!&|?{}\n]\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/|[\w$]+|[{}[\](),:]/g

interface Frame {
  readonly open: string
  readonly path: readonly string[]
}

/* Every member of the object of the file's first `table(…)` call, by its path, with the offset of its name. */
function memberOffsets(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  const stack: Frame[] = []
  let key: { readonly name: string; readonly at: number } | undefined
  let path: readonly string[] = []
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (/^(\/\/|\/\*)/.test(token)) continue
    const frame = stack.at(-1)
    if (frame === undefined && !(token === '(' && key?.name === 'table')) {
      key = { name: token, at: index }
    } else if (token === '{' || token === '[' || token === '(') {
      stack.push({ open: token, path })
      key = undefined
    } else if (token === '}' || token === ']' || token === ')') {
      stack.pop()
      path = stack.at(-1)?.path ?? []
      if (stack.length === 0) break
    } else if (token === ',') {
      path = frame?.path ?? []
      key = undefined
    } else if (token === ':' && frame?.open === '{' && key !== undefined) {
      path = [...frame.path, key.name]
      if (!found.has(path.join('\n'))) found.set(path.join('\n'), key.at)
      key = undefined
    } else {
      key = { name: token.replace(/^['"]|['"]$/g, ''), at: index }
    }
  }
  return found
}
