import { Option } from 'commander'
import { parseCount, parseDuration, parseFactor } from './parse-options.ts'

/** Where a run lives when nobody says. */
export const defaultDir = '.tidemark'

export function dirOption(): Option {
  return new Option('--dir <folder>', 'folder of the run').default(defaultDir)
}

export function schemasOption(): Option {
  return new Option(
    '--schemas <folder>',
    'contracts of your own, <domain>/<table>/vN.ts, instead of those of the sample',
  )
}

export function sourceOption(): Option {
  return new Option(
    '--source <url>',
    'your PostgreSQL, 12 or newer: postgres://user:password@host:port/database',
  )
}

export function tablesOption(): Option {
  return new Option('--tables <pattern...>', 'source tables as schema.table, * matches any name').default([
    '*.*',
  ])
}

export function forOption(): Option {
  return new Option('--for <duration>', 'stop after this time, prove equality, exit').argParser(parseDuration)
}

export function rateOption(): Option {
  return new Option('--rate <changes>', 'changes per second of the sample traffic, 0 for none')
    .argParser(parseCount(100_000, 0))
    .default(500)
}

/** A duration in milliseconds, whose help says the default as a person would write it. */
export function durationOption(
  flags: string,
  description: string,
  milliseconds: number,
  shown: string,
): Option {
  return new Option(flags, description).argParser(parseDuration).default(milliseconds, shown)
}

export function timeoutOption(): Option {
  return durationOption('--timeout <duration>', 'how long the lake may take to catch up', 300_000, '5m')
}

export function scaleOption(): Option {
  return new Option(
    '--scale <factor>',
    'size of the sample database, 1 for about 205,000 rows; counts at its making',
  )
    .argParser(parseFactor)
    .default(1)
}
