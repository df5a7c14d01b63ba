/** The values of a key's text, which has each with its length in bytes in front, and `-` for null. */
export function keyParts(key: string): readonly (string | null)[] {
  const bytes = Buffer.from(key)
  const values: (string | null)[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === DASH) {
      values.push(null)
      at += 1
      continue
    }
    const colon = bytes.indexOf(':', at)
    const end = colon + 1 + Number(bytes.toString('utf8', at, colon))
    values.push(bytes.toString('utf8', colon + 1, end))
    at = end
  }
  return values
}

const DASH = 0x2d
