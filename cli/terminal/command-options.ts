import { Option } from 'commander'

export type FindingsFormat = 'text' | 'json' | 'github'

export function contractsFolderOption(): Option {
  return new Option('--contracts <folder>', 'folder of the contracts').default('schemas')
}

export function formatOption(): Option {
  return new Option(
    '--format <format>',
    'output format of the findings; github annotates lines of a pull request',
  )
    .choices(['text', 'json', 'github'])
    .default('text')
}

/** `--json` is short for `--format json`. */
export function formatOf<F extends string>({
  json,
  format,
}: {
  readonly json?: boolean
  readonly format: F
}): F | 'json' {
  return json === true ? 'json' : format
}

/** Time since the command line was started: `0.4 s`. */
export function elapsed(): string {
  return `${(performance.now() / 1_000).toFixed(1)} s`
}
