import type { MakeCommand } from './cli.ts'

/** Commands by name, in the order that help lists them, each with what loads its sources. */
export type LazyCommands = Readonly<Record<string, () => Promise<MakeCommand>>>

/**
 * The command that a line begins with; every one for help, and for a name that none has. Loading sources is most of the
 * time that a command takes to start.
 */
export function chosenCommands(
  commands: LazyCommands,
  word: string | undefined,
): Promise<readonly MakeCommand[]> {
  const own = Object.hasOwn(commands, word ?? '') ? commands[word ?? ''] : undefined
  const loading = own === undefined ? Object.values(commands) : [own]
  return Promise.all(loading.map((load) => load()))
}
