/** A command line of a page: what a shell would give to a program. */
export interface ShellCommand {
  readonly text: string
  readonly words: readonly string[]
}

/** The commands in blocks of shell: prompts taken off, lines joined that end in a backslash, pipes and lists cut apart. */
export function shellCommands(page: string): readonly ShellCommand[] {
  return [...page.matchAll(/^( *)```(sh|console)\n([\s\S]*?)^ *```/gm)].flatMap(
    ([, , language, block = '']) => {
      const lines = block.replace(/\\\n\s*/g, ' ').split('\n')
      const own =
        language === 'sh' ? lines : lines.flatMap((line) => /^\$ (.*)$/.exec(line.trim())?.[1] ?? [])
      return own.flatMap((line) => simpleCommands(line.trim()))
    },
  )
}

/* Quotes keep; `$(…)` is a word, and what is in it a command of its own. */
function simpleCommands(line: string): readonly ShellCommand[] {
  const inner: ShellCommand[] = []
  const outer = withoutSubstitutions(line, inner)
  const commands = outer.flatMap((text) => {
    const words = wordsOf(text)
    while (/^(?:[A-Za-z_]\w*=.*|do|then|while|if|!|\(|\{)$/.test(words[0] ?? '')) words.shift()
    return words.length === 0 ? [] : [{ text, words }]
  })
  return [...commands, ...inner]
}

function withoutSubstitutions(line: string, inner: ShellCommand[]): readonly string[] {
  const parts: string[] = []
  let text = ''
  let quote = ''
  for (let at = 0; at < line.length; at += 1) {
    const letter = line[at] ?? ''
    if (quote !== "'" && line.startsWith('$(', at)) {
      const end = endOf(line, at + 2)
      inner.push(...simpleCommands(line.slice(at + 2, end)))
      text += 'SUBSTITUTED'
      at = end
    } else if (quote === '' && letter === '#' && /^$|\s/.test(line[at - 1] ?? '')) break
    else if (quote === '' && (letter === '|' || letter === ';' || line.startsWith('&&', at))) {
      parts.push(text)
      text = ''
      if (letter === '&' || line.startsWith('||', at)) at += 1
    } else {
      if (letter === quote) quote = ''
      else if (quote === '' && (letter === "'" || letter === '"')) quote = letter
      text += letter
    }
  }
  return [...parts, text].map((part) => part.trim()).filter((part) => part !== '')
}

function endOf(line: string, from: number): number {
  let depth = 1
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '(') depth += 1
    if (line[at] === ')') depth -= 1
    if (depth === 0) return at
  }
  throw new SyntaxError(`$( without its end: ${line}`)
}

/* Without redirections. */
function wordsOf(text: string): string[] {
  const plain = text.replace(/(?:^|\s)\d?[<>]+&?\s*\S+/g, (found) => (/["']/.test(found) ? found : ' '))
  return [...plain.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double = '', single = '') => `${double}${single}`),
  )
}
