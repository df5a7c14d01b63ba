import { Option } from 'commander'
import { parseCount, parseDuration, parseFactor } from './parse-options.ts'

/** Where a run lives when nobody says. */
export const defaultDir = '.tidemark'

export function dirOption(): Option {
  return new Option('--dir <folder>', 'run folder').default(defaultDir)
}

export function contractsOption(): Option {
  return new Option(
    '--contracts <folder>',
    'folder of your contracts, <domain>/<table>/vN.ts; without it, those of the sample database',
  )
}

export function sourceOption(): Option {
  return new Option(
    '--source <url>',
    'source PostgreSQL, version 12 or newer: postgres://user:password@host:port/database',
  )
}

export function tablesOption(): Option {
  return new Option(
    '--tables <pattern...>',
    'source tables as schema.table; * matches any name, !pattern excludes',
  ).default(['*.*'])
}

export function forOption(): Option {
  return new Option(
    '--for <duration>',
    'stop this long after the start, or once every table is loaded if that takes longer; then reconcile and exit',
  ).argParser(parseDuration)
}

export function rateOption(): Option {
  return new Option('--rate <changes>', 'changes per second of the sample traffic, 0 disables it')
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
  return durationOption('--timeout <duration>', 'maximum time for the lake to catch up', 300_000, '5m')
}

export function scaleOption(): Option {
  return new Option(
    '--scale <factor>',
    'size of the sample database, 1 is about 205,000 rows; only used when the database is created',
  )
    .argParser(parseFactor)
    .default(1)
}
