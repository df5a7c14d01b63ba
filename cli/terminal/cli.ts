import type { Command } from 'commander'
import type { Output } from './output.ts'

/** What every command gets: where to write, and the environment's part of its settings. */
export interface Cli {
  readonly output: Output
  /** Of TIDEMARK_SOURCE: a source that should not show in the list of processes. */
  readonly sourceFromEnvironment: string | undefined
}

export type MakeCommand = (cli: Cli) => Command
