/** An alarm of a stack by the name that it has behind the stack's, and the page that its message ends with. */
export interface DeclaredAlarm {
  readonly name: string
  readonly page: string
  readonly anchor: string
}

/* A table of a microservice, as the stacks name what reads its stream. */
const SERVICE = 'capture-availability-wishes'

/**
 * The alarms that the text of an `alarms.tf` declares, those of families one by one. `functions` are the names in
 * `own_sizes`. Throws for a family over something that it does not know: an alarm would go unseen.
 */
export function declaredAlarms(text: string, functions: readonly string[]): readonly DeclaredAlarm[] {
  const [, clock = ''] = /by_clock\s*=\s*\[([^\]]*)\]/.exec(text) ?? []
  const byClock: readonly string[] = clock.match(/[a-z-]+/g) ?? []
  const reading = functions.filter((name) => !byClock.includes(name))
  const known: Readonly<Record<string, readonly string[]>> = {
    'module.functions': functions,
    'local.reading': reading,
    'local.called': byClock,
    'local.streamed': reading.filter((name) => !name.startsWith('land')),
    'local.mappings': ['capture', 'format', SERVICE],
  }
  const single = /^ {4}([a-z][a-z-]*) = (?:merge\([^{\n]*)?\{\n((?: {6}.*\n)+)/gm
  const family = /\{ for \w+, \w+ in (.+?) : "\$\{name\}-([a-z-]+)" => \{\n((?: {6}.*\n)+)/g
  return [
    ...[...text.matchAll(single)].flatMap(([, name = '', body = '']) =>
      body.includes('metric ') ? alarm(name, body) : [],
    ),
    ...[...text.matchAll(family)].flatMap(([, source = '', suffix = '', body = '']) => {
      const names = source.startsWith('{') ? keysOf(source) : known[source]
      if (names === undefined) throw new SyntaxError(`alarms for each of ${source}`)
      return names.map((name) => alarm(`${name}-${suffix}`, body))
    }),
  ]
}

/** The functions of the data stack, from the text of its `functions.tf`. */
export function declaredFunctions(text: string): readonly string[] {
  const [, sizes = ''] = /own_sizes = \{\n([\s\S]*?)\n {2}\}/.exec(text) ?? []
  return [...sizes.matchAll(/^ {4}([a-z-]+) +=/gm)].map(([, name = '']) => name)
}

function alarm(name: string, body: string): DeclaredAlarm {
  const [, page = '', anchor = ''] = /runbook\s*= "([^"#]*)#?([^"]*)"/.exec(body) ?? []
  return { name, page, anchor }
}

function keysOf(object: string): readonly string[] {
  return [...object.matchAll(/[{,]\s*([a-z-]+) =/g)].map(([, key = '']) => key)
}
