/* Athena's words that are not those of contracts. */
const KINDS = new Map([
  ['int', 'integer'],
  ['float', 'real'],
])

/**
 * The type of a column in a catalog of version 0.1, which named it in Athena's words: as much of it as the lake needs,
 * still to be checked. `contractType` is its name in contracts.
 */
export function formerType(athena: string, contractType: string): unknown {
  /* Of all texts only this one has a hash of its own. */
  if (contractType === 'uuid') return { kind: 'uuid' }
  const words = athena.match(/decimal\(\d+,\d+\)|[a-z0-9_]+|[^a-z0-9_]/g) ?? []
  const type = readType(words)
  return words.length === 0 ? type : undefined
}

/* Takes the words of one type from the front. */
function readType(words: string[]): unknown {
  const word = words.shift() ?? ''
  if (word === 'struct') return readStruct(words)
  if (word === 'array') {
    const [open, of, close] = [words.shift(), readType(words), words.shift()]
    return open === '<' && close === '>' ? { kind: 'list', of } : undefined
  }
  const [, precision, scale] = /^decimal\((\d+),(\d+)\)$/.exec(word) ?? []
  if (precision !== undefined) return { kind: 'decimal', precision: Number(precision), scale: Number(scale) }
  return { kind: KINDS.get(word) ?? word }
}

function readStruct(words: string[]): unknown {
  const fields: [name: string, type: unknown][] = []
  let mark = words.shift()
  while (mark === (fields.length === 0 ? '<' : ',')) {
    const [name = '', colon] = words.splice(0, 2)
    fields.push([name, colon === ':' ? readType(words) : undefined])
    mark = words.shift()
  }
  return mark === '>' ? { kind: 'struct', fields: Object.fromEntries(fields) } : undefined
}
