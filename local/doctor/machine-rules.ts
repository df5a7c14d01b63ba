import { ok, type Rule, refuse, step, unknown, warn } from '../../core/check.ts'
import { type FailureCode, PipelineError } from '../../core/failures/failures.ts'

/** What the machine brings to a local run. */
export interface MachineFacts {
  /** `v20.19.0`. */
  readonly node: string
  /** Version of PostgreSQL in the package of this platform, or why there is none. */
  readonly postgres: string | Lack
  /** Version of DuckDB, which has answered a query. */
  readonly duckdb: string | Lack
}

interface Lack {
  readonly code: FailureCode | undefined
  readonly message: string
}

const leastNode = [20, 19] as const

export const machineRules: readonly Rule<MachineFacts>[] = [
  {
    id: 'machine.node',
    title: 'Node.js is 20.19 or newer',
    evaluate: ({ node }) => {
      const [, major, minor] = /^v(\d+)\.(\d+)/.exec(node) ?? []
      const isEnough =
        Number(major) > leastNode[0] || (Number(major) === leastNode[0] && Number(minor) >= leastNode[1])
      return isEnough ? ok(`Node.js ${node}`) : warn(`Node.js ${node}`, step('install Node.js 22'))
    },
  },
  {
    id: 'machine.postgres',
    title: 'the embedded PostgreSQL is installed, for runs without --source',
    evaluate: ({ postgres }) =>
      typeof postgres === 'string'
        ? ok(`PostgreSQL ${postgres}`)
        : warn(
            `${postgres.message}: name a source of your own`,
            step('npm install, without --omit=optional'),
          ),
  },
  {
    id: 'machine.duckdb',
    title: 'DuckDB loads and answers',
    evaluate: ({ duckdb }) => {
      if (typeof duckdb === 'string') return ok(`DuckDB ${duckdb}`)
      const fix = step('npm install, on a platform that has @duckdb/node-api')
      return duckdb.code === undefined
        ? unknown(duckdb.message, fix)
        : refuse(duckdb.code, duckdb.message, fix)
    },
  },
]

/** Starts what a run starts, and ends it again. */
export async function readMachine(): Promise<MachineFacts> {
  return { node: process.version, postgres: await tried(postgresVersion), duckdb: await tried(duckdbVersion) }
}

async function postgresVersion(): Promise<string> {
  const { findPostgresBinaries } = await import('../embedded-postgres/postgres-binaries.ts')
  return (await findPostgresBinaries()).version
}

async function duckdbVersion(): Promise<string> {
  const { tmpdir } = await import('node:os')
  const { DuckEngine } = await import('../../engine/duckdb/duck-engine.ts')
  const engine = await DuckEngine.open({ temporary: tmpdir(), memory: '64MB' })
  try {
    const [[version] = []] = await engine.rows('select version()')
    return String(version)
  } finally {
    engine.close()
  }
}

async function tried(reading: () => Promise<string>): Promise<string | Lack> {
  try {
    return await reading()
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : undefined
    return { code, message: error instanceof Error ? error.message : 'an unknown error' }
  }
}
