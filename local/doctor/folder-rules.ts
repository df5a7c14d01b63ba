import { ageText, bytesText, plural } from '../../core/amount-text.ts'
import { type Fix, fail, ok, type Rule, refuse, shell, step, warn } from '../../core/check.ts'
import { failedLoads, isOver, loadState } from '../../core/load/load.ts'
import { remedyOf } from '../recovery/remedies.ts'
import type { FolderFacts } from './folder-look.ts'

const HOUR = 3_600_000
const GB = 1_000_000_000

/** What a run folder should be like. */
export const folderRules: readonly Rule<FolderFacts>[] = [
  {
    id: 'folder.files',
    title: 'the files of its state can be read',
    evaluate: ({ unreadable, damages, dir }) => {
      if (damages.length > 0)
        return refuse(
          'run/damaged',
          damages.map(({ name, state }) => `${name} is ${state}`).join(', '),
          shell(`npx tidemark repair --dry-run${inDir(dir)}`),
          ...damages
            .filter(({ name }) => !isRepairable(name))
            .map(({ name }) => step(`${name}: ${remedyOf(name).says}`)),
          ...(damages.some(({ name }) => isRepairable(name))
            ? [shell(`npx tidemark repair${inDir(dir)}`)]
            : []),
        )
      if (unreadable.length === 0) return ok('every state file is present and intact')
      return refuse(
        'run/bad-folder',
        `of another version: ${unreadable.join(', ')}`,
        step('restore the folder from a backup, or start in a new one with --dir'),
      )
    },
  },
  {
    id: 'folder.disk',
    title: 'the disk has room for what comes',
    evaluate: ({ freeBytes }) => {
      const message = `${bytesText(freeBytes)} are free`
      const fix = step('make room, or move the folder while nothing runs in it: docs/06-the-run-folder.md')
      if (freeBytes < GB / 2) return { ...fail(message, fix), code: 'run/disk-full' }
      return freeBytes < 5 * GB ? warn(message, fix) : ok(message)
    },
  },
  {
    id: 'folder.process',
    title: 'a pipeline runs, or nobody waits for it',
    evaluate: ({ holder, status, state, dir, now }) => {
      if (holder !== undefined) return ok(holder === 0 ? 'runs, and is busy' : `runs, process ${holder}`)
      const since = status === undefined ? '' : ` for ${ageText(now - Date.parse(status.at))}`
      if (state?.source.isEmbedded !== false || state.slotState !== 'created')
        return ok(`stopped${since}; its source is stopped with it`)
      return warn(
        `stopped${since}; slot ${state.slot} makes ${state.source.address} keep its log`,
        resumeRun(dir, false),
        step('or give the slot up: `doctor --source` has the statement'),
      )
    },
  },
  {
    id: 'folder.balance',
    title: 'what was captured is landed, in quarantine, filtered or in flight',
    evaluate: ({ status, dir }) => {
      if (status === undefined) return ok('nothing is captured yet')
      if (status.balanced) return ok('each table balances')
      const uneven = status.tables.filter(({ balance }) => balance?.balanced === false)
      return fail(
        `does not balance: ${uneven.map(({ table }) => table).join(', ')}`,
        shell(`npx tidemark status --audit${inDir(dir)}`),
      )
    },
  },
  {
    id: 'folder.proofs',
    title: 'the last proof of each table found it equal, less than a day ago',
    evaluate: ({ status, proofs, now, dir, holder, state }) => {
      const tables = status?.tables.map(({ table }) => table) ?? []
      const of = (table: string) => proofs.tables[table]
      const failed = tables.flatMap((table) => proofs.failed[table] ?? [])
      const different = tables.filter((table) => of(table)?.equal === false)
      const command = `npx tidemark reconcile${inDir(dir)}${ofSource(state?.source.isEmbedded !== false)}`
      const prove =
        holder === undefined
          ? shell(command)
          : step(
              `the pipeline that runs keeps a proof every --reconcile-every; beside it ${command} keeps none`,
            )
      if (different.length > 0)
        return fail(
          `differs from the source: ${different.join(', ')}`,
          shell(`${command} --repair`),
          ...(holder === undefined ? [] : [prove]),
        )
      if (failed.length > 0)
        return fail(`could not be compared: ${failed.map(({ message }) => message).join('; ')}`, prove)
      const oldest = tables.map((table) => Date.parse(of(table)?.at ?? '')).filter((at) => at > 0)
      const none = tables.filter((table) => of(table) === undefined)
      if (none.length > 0) return warn(`never proven: ${none.join(', ')}`, prove)
      const age = now - Math.min(...oldest, now)
      /* A stopped lake is as equal as it was. */
      if (holder !== undefined && age > 24 * HOUR)
        return warn(`the oldest proof is of ${ageText(age)} ago`, prove)
      return ok(tables.length === 0 ? 'no table yet' : `each equal, the oldest proof of ${ageText(age)} ago`)
    },
  },
  {
    id: 'folder.quarantine',
    title: 'no refused change waits for a person',
    evaluate: ({ status, now, dir }) => {
      const waiting = status?.tables.reduce((sum, { quarantined }) => sum + quarantined, 0) ?? 0
      if (status === undefined || status.quarantineSince === null || waiting === 0)
        return ok('quarantine is empty')
      const age = ageText(now - Date.parse(status.quarantineSince))
      return warn(
        `${plural(waiting, 'change')} in quarantine, the oldest for ${age}`,
        shell(`npx tidemark quarantine list${inDir(dir)}`),
      )
    },
  },
  {
    id: 'folder.loads',
    title: 'no load has failed, or stands still',
    evaluate: ({ loads, holder, state, dir }) => {
      const failed = failedLoads(loads)
      if (failed.length > 0)
        return fail(
          `failed: ${failed.map(({ id }) => id).join(', ')}`,
          ...failed.map(({ id }) => shell(`npx tidemark load resume ${id}${inDir(dir)}`)),
        )
      const open = loads.filter((load) => !isOver(loadState(load))).map(({ id }) => id)
      if (open.length === 0) return ok('no load is open')
      if (holder !== undefined) return ok(`under way: ${open.join(', ')}`)
      return warn(
        `waits until the pipeline runs: ${open.join(', ')}`,
        resumeRun(dir, state?.source.isEmbedded !== false),
      )
    },
  },
  {
    id: 'folder.compaction',
    title: 'the last compaction of no table failed',
    evaluate: ({ uncompacted, dir }) => {
      const failed = Object.entries(uncompacted)
      if (failed.length === 0) return ok('none has failed')
      const names = new Set(failed.map(([table]) => table.replace(/ v\d+$/, '')))
      return fail(
        `failed: ${failed.map(([table, { code, message }]) => `${table}: ${code}: ${message}`).join('; ')}`,
        ...[...names].map((name) => shell(`npx tidemark compact --table ${name}${inDir(dir)}`)),
      )
    },
  },
  {
    id: 'folder.mask-key',
    title: 'only its owner can read the masking key',
    evaluate: ({ keyMode, damages, dir }) => {
      if (damages.some(({ name }) => name.startsWith('keys/')))
        return refuse(
          'run/damaged',
          'the masking key is gone, and rows are masked with it',
          step(
            'put it back from a backup, or begin a new folder: docs/06-the-run-folder.md#a-lost-masking-key',
          ),
        )
      if (keyMode === undefined) return ok('there is no masking key yet')
      if ((keyMode & 0o077) === 0 || process.platform === 'win32') return ok('only its owner can read it')
      return warn(
        `others can read it: mode ${keyMode.toString(8)}`,
        shell(`chmod 600 ${shellWord(`${dir}/keys/mask.hex`)}`),
      )
    },
  },
]

function isRepairable(name: string): boolean {
  return remedyOf(name).remedy !== 'none'
}

/* Without its source, `dev` would bring a server of its own, which is not that of the folder. */
function resumeRun(dir: string, isEmbedded: boolean): Fix {
  return shell(`npx tidemark dev${inDir(dir)}${ofSource(isEmbedded)}`)
}

function ofSource(isEmbedded: boolean): string {
  return isEmbedded ? '' : ' --source postgres://…'
}

function inDir(dir: string): string {
  return dir === '.tidemark' ? '' : ` --dir ${shellWord(dir)}`
}

/** A word that a POSIX shell takes as it is. */
function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
