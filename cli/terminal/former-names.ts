import { type Command, Option } from 'commander'

/** Commands that another one does today, and that help does not list. */
export const formerCommands: ReadonlySet<string> = new Set(['redrive'])

/* The name of today and the former one: scripts go on, help shows the name of today only. */
const formerOptions: Readonly<Record<string, string>> = {
  '--contracts': '--schemas',
  '--repair': '--heal',
  '--reconcile-every': '--prove-every',
  '--schema-check-every': '--look-every',
}

/** Adds the former names of a command's options, hidden, which set the option of today. */
export function takeFormerNames(command: Command): void {
  for (const option of [...command.options]) {
    const former = formerOptions[option.long ?? '']
    if (former === undefined) continue
    const alias = new Option(option.flags.replace(option.long ?? '', former)).hideHelp()
    if (option.parseArg !== undefined) alias.argParser(option.parseArg)
    const name = alias.attributeName()
    command.addOption(alias)
    command.on(`option:${alias.name()}`, () =>
      command.setOptionValueWithSource(option.attributeName(), command.getOptionValue(name), 'cli'),
    )
  }
}
