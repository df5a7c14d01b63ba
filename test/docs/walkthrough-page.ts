/** A part of a page that something is done with: a command with the output it shows, or an edit of a file. */
export type Step =
  | { readonly kind: 'command'; readonly command: string; readonly shown: string; readonly line: number }
  | { readonly kind: 'edit'; readonly diff: string; readonly line: number }

const PROMPT = '$ '

/** The steps of a page in order: `$` lines of its console blocks, and its diff blocks. */
export function stepsOf(page: string): readonly Step[] {
  return blocksOf(page).flatMap(({ language, body, line }): readonly Step[] => {
    if (language === 'console') return commandsOf(body, line)
    return language === 'diff' ? [{ kind: 'edit', diff: body.join('\n'), line }] : []
  })
}

/** The page with other output below its commands, in the order of `stepsOf`. */
export function withOutputs(page: string, outputs: readonly string[]): string {
  const left = [...outputs]
  return page.replace(/^```console\n([\s\S]*?)^```$/gm, (_, body: string) => {
    const commands = commandsOf(body.split('\n').slice(0, -1), 0)
    const lines = commands.map(({ command }) => {
      const output = left.shift() ?? ''
      return `${PROMPT}${command}\n${output === '' ? '' : `${output}\n`}`
    })
    return `\`\`\`console\n${lines.join('')}\`\`\``
  })
}

/**
 * A text after a unified diff of one file. Each hunk must fit in exactly one place, line numbers or not: a page
 * that shows an edit of something else than is there fails.
 */
export function applyHunks(text: string, diff: string): string {
  const hunks = diff.split(/^@@.*\n/m).slice(1)
  if (hunks.length === 0) throw new Error('the diff has no @@ line')
  return hunks.reduce((before, hunk) => {
    const lines = hunk.replace(/\n$/, '').split('\n')
    const side = (marks: string) =>
      lines.filter((line) => marks.includes(line.charAt(0) || ' ')).map((line) => line.slice(1))
    const [old, fresh] = [side(' -').join('\n'), side(' +').join('\n')]
    const places = before.split(old).length - 1
    if (places !== 1) throw new Error(`a hunk of the diff fits in ${places} places`)
    return before.replace(old, () => fresh)
  }, text)
}

/** Path that a diff is about, from its `+++ b/…` line. */
export function editedFile(diff: string): string {
  const [, path] = /^\+\+\+ b\/(\S+)$/m.exec(diff) ?? []
  if (path === undefined) throw new Error('the diff has no +++ b/… line')
  return path
}

/** A diff block of several files, file by file. */
export function filesOf(diff: string): readonly string[] {
  return diff.split(/^(?=--- a\/)/m).filter((part) => part !== '')
}

interface Block {
  readonly language: string
  readonly body: readonly string[]
  readonly line: number
}

function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { language: string; body: string[]; line: number } | undefined
  for (const [index, text] of page.split('\n').entries()) {
    if (open === undefined) {
      const [, language] = /^```(\w+)$/.exec(text) ?? []
      if (language !== undefined) open = { language, body: [], line: index + 2 }
    } else if (text === '```') {
      blocks.push(open)
      open = undefined
    } else open.body.push(text)
  }
  return blocks
}

function commandsOf(body: readonly string[], line: number): readonly Extract<Step, { kind: 'command' }>[] {
  const starts = body.flatMap((text, index) => (text.startsWith(PROMPT) ? [index] : []))
  return starts.map((start, place) => {
    const lines = body.slice(start, starts[place + 1] ?? body.length)
    const last = lines.findIndex((text) => !text.endsWith('\\'))
    const command = lines
      .slice(0, last + 1)
      .join('\n')
      .slice(PROMPT.length)
    return { kind: 'command', command, shown: lines.slice(last + 1).join('\n'), line: line + start }
  })
}
