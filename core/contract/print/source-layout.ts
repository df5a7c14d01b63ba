/** Code to lay out: what `layout` needs to know to break it where the formatter would. */
export type Code =
  | { readonly kind: 'text' | 'string'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly Code[] }
  | { readonly kind: 'call'; readonly callee: string; readonly args: readonly Code[] }
  | { readonly kind: 'object'; readonly members: readonly Member[]; readonly isExpanded?: boolean }

export interface Member {
  readonly key: string
  readonly value: Code
  /** A line of comment above it. */
  readonly comment?: string | undefined
}

const LINE_WIDTH = 110
const INDENT = 2
/* A call whose one argument is this short is not worth breaking; the formatter breaks before it. */
const SHORT_ARGUMENT = LINE_WIDTH / 4

export const word = (text: string): Code => ({ kind: 'text', text })
export const quoted = (value: string): Code => ({ kind: 'string', text: quote(value) })

/**
 * TypeScript text of `code` in Biome's layout: 110 columns, two blanks. `used` columns of its first
 * line are taken, and `after` columns follow its last one.
 */
export function layout(code: Code, indent: number, used: number, after: number): string {
  const flat = flatOf(code)
  if (flat !== undefined && used + widthOf(flat) + after <= LINE_WIDTH) return flat
  switch (code.kind) {
    case 'text':
    case 'string':
      return code.text
    case 'array':
      return `[${broken(code.items, indent)}]`
    case 'call':
      return `${code.callee}(${brokenArguments(code, indent, used)})`
    case 'object':
      return `{${brokenMembers(code.members, indent)}}`
  }
}

/* On one line, or undefined when something in it never is. */
function flatOf(code: Code): string | undefined {
  switch (code.kind) {
    case 'text':
    case 'string':
      return code.text
    case 'array':
      return join(code.items.map(flatOf), '[', ']')
    case 'call':
      return join(code.args.map(flatOf), `${code.callee}(`, ')')
    case 'object':
      if (code.isExpanded || code.members.some(({ comment }) => comment !== undefined)) return undefined
      return join(
        code.members.map(({ key, value }) => {
          const flat = flatOf(value)
          return flat === undefined ? undefined : `${key}: ${flat}`
        }),
        '{ ',
        ' }',
      )
  }
}

function join(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(', ')}${close}`
}

function broken(items: readonly Code[], indent: number): string {
  const inner = indent + INDENT
  const lines = items.map((item) => `${newLine(inner)}${layout(item, inner, inner, 1)},`)
  return `${lines.join('')}${newLine(indent)}`
}

/* The last argument alone is opened when it is an object and the others leave it room on the line. */
function brokenArguments(call: Code & { kind: 'call' }, indent: number, used: number): string {
  const last = call.args.at(-1)
  const others = call.args.slice(0, -1).map(flatOf)
  const head = others.map((other) => `${other}, `).join('')
  const hasRoom = used + widthOf(`${call.callee}(${head}{`) <= LINE_WIDTH
  if (last?.kind !== 'object' || others.includes(undefined) || !hasRoom) return broken(call.args, indent)
  return `${head}{${brokenMembers(last.members, indent)}}`
}

function brokenMembers(members: readonly Member[], indent: number): string {
  const inner = indent + INDENT
  const lines = members.map(({ key, value, comment }) => {
    const note = comment === undefined ? '' : `${newLine(inner)}// ${comment}`
    return `${note}${newLine(inner)}${key}:${memberValue(key, value, inner)},`
  })
  return `${lines.join('')}${newLine(indent)}`
}

function memberValue(key: string, value: Code, indent: number): string {
  const used = indent + key.length + 2
  const flat = flatOf(value)
  const isTooLong = flat === undefined || used + widthOf(flat) + 1 > LINE_WIDTH
  if (isTooLong && goesBelowItsKey(value)) {
    const inner = indent + INDENT
    return `${newLine(inner)}${layout(value, inner, inner, 1)}`
  }
  return ` ${layout(value, indent, used, 1)}`
}

function goesBelowItsKey(value: Code): boolean {
  if (value.kind !== 'call') return value.kind === 'string'
  const [only, ...more] = value.args
  return more.length === 0 && only?.kind === 'string' && only.text.length <= SHORT_ARGUMENT
}

function newLine(indent: number): string {
  return `\n${' '.repeat(indent)}`
}

/* Invisible and direction-changing characters are escaped: a reviewer must see what a contract says. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/** A string literal in the quotes that need fewer escapes, single ones when it makes no difference. */
export function quote(value: string): string {
  const singles = value.split("'").length
  const doubles = value.split('"').length
  const mark = singles > doubles ? '"' : "'"
  const escaped = value
    .replace(/\\/g, '\\\\')
    .replaceAll(mark, `\\${mark}`)
    .replace(UNSEEN, (char) => ESCAPES.get(char) ?? unicodeEscape(char))
  return `${mark}${escaped}${mark}`
}

function unicodeEscape(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

/* The wide blocks of Unicode's EastAsianWidth.txt, rather than each of its characters. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18df2}\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/gu
const NARROWEST = /[\p{Mn}\p{Me}]/gu

/* Columns on a screen: ideographs and emoji take two, combining marks none. */
function widthOf(text: string): number {
  const characters = [...text].length
  return characters + (text.match(WIDE)?.length ?? 0) - (text.match(NARROWEST)?.length ?? 0)
}
