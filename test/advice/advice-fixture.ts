import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { chosenContracts } from '../../contract-tools/load/chosen-contracts.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { type LocalRun, openLocalRun } from '../../local/run/local-run.ts'
import { type SourceDatabase, type SourceServer, startSource } from '../engine/postgres/source-server.ts'
import { commandsIn, writeContracts } from '../local/recovery/carry-out.ts'
import { copyOf, liveOnce, look, people, quiet, SCHEMA, type Seen } from '../local/recovery/kept-folder.ts'
import { type Told, typed } from './typed.ts'

/** A folder in which something went wrong, and a person who reads what is printed and does it. */
export interface Place {
  readonly dir: string
  readonly lab: AdviceFixture
  /** Types a command. */
  type(...words: readonly string[]): Promise<Told>
  /** Carries out every command in a text, in its order. None of them may fail. */
  follow(text: string): Promise<readonly Told[]>
  /** Types a command that must fail with the code of the advice. */
  refused(...words: readonly string[]): Promise<Told>
  /** Puts a file of the folder back as a backup has it. */
  restore(name: string): Promise<void>
  /** The audit is clean, and readers see what they saw before. */
  isWhole(): Promise<void>
  /** With the pipeline of the folder running beside what is typed. */
  running<T>(work: (run: LocalRun) => Promise<T>): Promise<T>
  /** Starts it, and it ends equal, with a clean audit. */
  isEqual(...start: readonly string[]): Promise<void>
}

const SLOT = 'tm_live'

const ofSystem = (contract: Table, system: string): Table => ({
  ...contract,
  source: { ...contract.source, system },
})

/** A run that did everything once, its copies, and the source it was made of. */
export class AdviceFixture {
  readonly root: string
  readonly kept: string
  readonly database: SourceDatabase
  readonly before: Seen
  private readonly server: SourceServer
  private copies = 0
  /** Whether the one folder that reads on has begun. */
  private hasBegun = false
  /** Its contracts, below the root. */
  schemas = 'live-schemas'

  private constructor(
    root: string,
    { server, database, before }: { server: SourceServer; database: SourceDatabase; before: Seen },
  ) {
    this.root = root
    this.kept = join(root, 'kept')
    this.server = server
    this.database = database
    this.before = before
  }

  static async open(): Promise<AdviceFixture> {
    const root = await mkdtemp(join(tmpdir(), 'tidemark-advice-'))
    const server = await startSource()
    const database = await server.database(SCHEMA)
    await liveOnce(join(root, 'kept'), database)
    await writeContracts(root)
    await writeContracts(root, { contracts: [ofSystem(people, database.name)], folder: 'live-schemas' })
    return new AdviceFixture(root, { server, database, before: await look(join(root, 'kept')) })
  }

  sql(text: string) {
    return this.database.client.query(text)
  }

  /** A folder: a copy of what the run left, an empty one, or the one that reads the slot on, by all in turn. */
  async place(code: string, kind: 'copy' | 'empty' | 'live' = 'copy'): Promise<Place> {
    if (kind === 'live') {
      const place = this.asking(join(this.root, 'live'), code, () => join(this.root, this.schemas))
      if (!this.hasBegun) await place.isEqual()
      this.hasBegun = true
      return place
    }
    this.copies += 1
    const dir = join(this.root, `run${this.copies}`)
    if (kind !== 'empty') await copyOf(this.kept, dir)
    return this.asking(dir, code, () => join(this.root, 'schemas'))
  }

  /** Contracts for the folder that reads on, in a folder that nobody has read yet. */
  async write(folder: string, ...contracts: readonly Table[]): Promise<string> {
    const own = contracts.map((contract) => ofSystem(contract, this.database.name))
    await writeContracts(this.root, { contracts: own, folder })
    return join(this.root, folder)
  }

  private asking(dir: string, code: string, schemasOf: () => string): Place {
    const { source, name } = this.database
    const usual = {
      dir,
      source: source.url,
      start: [
        ...['--tables', 'public.*', '--slot', SLOT, '--publication', SLOT, '--for', '0s', '--flush', '20ms'],
        ...['--compact-every', '0s', '--reconcile-every', '0s', '--schema-check-every', '0s'],
      ],
    }
    const type = (...words: readonly string[]) => typed(words, { ...usual, schemas: schemasOf() })
    const follow = async (text: string) => {
      const commands = commandsIn(text)
      expect(commands, text).not.toEqual([])
      const all: Told[] = []
      for (const words of commands) {
        const told = await type(...words)
        expect(told.code, `${words.join(' ')}\n${told.printed}`).toBeUndefined()
        all.push(told)
      }
      return all
    }
    const audited = async () => {
      const audit = await type('status', '--audit')
      expect(audit.printed).toContain('audit: nothing is missing')
    }
    return {
      dir,
      lab: this,
      type,
      follow,
      refused: async (...words) => {
        const told = await type(...words)
        expect(told.code, told.printed).toBe(code)
        return told
      },
      restore: (name) => cp(join(this.kept, name), join(dir, name), { recursive: true }),
      isWhole: async () => {
        await audited()
        expect(await look(dir)).toEqual(this.before)
      },
      running: async (work) => {
        const run = await openLocalRun({
          dir,
          source,
          isEmbedded: false,
          system: name,
          patterns: ['public.*'],
          log: quiet,
          slot: SLOT,
          publication: SLOT,
          reload: false,
          compactEveryMs: 0,
          proveEveryMs: 0,
          hints: { bytes: 1 << 20, milliseconds: 20 },
          lookEveryMs: 0,
          contracts: await chosenContracts(schemasOf()),
          readContracts: () => chosenContracts(schemasOf()),
        })
        try {
          await run.loaded(AbortSignal.timeout(20_000))
          return await work(run)
        } finally {
          await run.stop()
        }
      },
      isEqual: async (...start) => {
        const told = await type('dev', ...start)
        expect(told.exit, told.printed).toBe(0)
        await audited()
      },
    }
  }

  async close(): Promise<void> {
    await this.server.stop()
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 })
  }
}
