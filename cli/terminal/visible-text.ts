/* C0, DEL and C1 move a terminal's cursor or change its state; the bidirectional marks show text in another order. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu
/* Of those a colour alone is ours: whoever prints a value has made it visible before. */
const COLOUR_OR_CONTROL = /\p{Cc}\[[\d;]*m|[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** A text from outside on one line, its control characters as `\x1b`, `\n` or `\u202e`: nothing in it acts on a terminal. */
export function visible(text: string): string {
  return text.replace(CONTROL, escaped)
}

/** Text of ours for a terminal: lines and colours stay, any other control character is made visible. */
export function harmless(text: string): string {
  return text.replace(COLOUR_OR_CONTROL, (found) => {
    const isOurs = found.length > 1 ? found.startsWith(ESCAPE) : found === '\n' || found === '\t'
    return isOurs ? found : visible(found)
  })
}

const ESCAPE = '\u001b'
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  const digits = code.toString(16)
  return (
    SHORT[character] ?? (code < 0x100 ? `\\x${digits.padStart(2, '0')}` : `\\u${digits.padStart(4, '0')}`)
  )
}
