/**
 * Athena's name of a Hive type, which the text of a view needs: `array<struct<a:int>>` is `array(row("a" integer))`.
 * Throws RangeError for what is no type.
 */
export function prestoType(hive: string): string {
  const list = /^array<(.*)>$/.exec(hive)
  if (list !== null) return `array(${prestoType(list[1] ?? '')})`
  const struct = /^struct<(.*)>$/.exec(hive)
  if (struct !== null) {
    const fields = splitFields(struct[1] ?? '').map((field) => {
      const colon = field.indexOf(':')
      return `"${field.slice(0, colon)}" ${prestoType(field.slice(colon + 1))}`
    })
    return `row(${fields.join(', ')})`
  }
  if (!/^[a-z]+(\(\d+,\d+\))?$/.test(hive)) throw new RangeError(`${hive} is no type`)
  return names[hive] ?? hive
}

const names: Readonly<Record<string, string>> = {
  int: 'integer',
  float: 'real',
  string: 'varchar',
  binary: 'varbinary',
  timestamp: 'timestamp(3)',
}

/* At commas that are not inside of another type. */
function splitFields(text: string): readonly string[] {
  const fields = ['']
  let depth = 0
  for (const character of text) {
    if ('<('.includes(character)) depth += 1
    if ('>)'.includes(character)) depth -= 1
    if (character === ',' && depth === 0) fields.push('')
    else fields.push(`${fields.pop() ?? ''}${character}`)
  }
  return fields
}
