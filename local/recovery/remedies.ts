/** What is done about a state file that is lost or damaged. */
export type Remedy =
  | 'catalog'
  | 'ledger'
  | 'load'
  | 'replay'
  /** Put aside: whoever needs it begins anew. */
  | 'anew'
  /** Nothing in the folder says what was in it. */
  | 'none'

interface RemedyOf {
  readonly name: RegExp
  readonly remedy: Remedy
  /** What comes of it, or for `none` what a person can do. */
  readonly says: string
}

const remedies: readonly RemedyOf[] = [
  {
    name: /^state\.db\/catalog$/,
    remedy: 'catalog',
    says: 'the catalog is made again from contracts, the files of the lake and the ledgers of loads, replays and compactions',
  },
  {
    name: /^state\.db\/ledger$/,
    remedy: 'ledger',
    says: 'the ledger is made again from raw pages, the files of the lake and quarantine',
  },
  {
    name: /^state\.db\/loads\//,
    remedy: 'load',
    says: 'the tables whose newest load it was are loaded again',
  },
  {
    name: /^state\.db\/replays\//,
    remedy: 'replay',
    says: 'a replay that was shown stays; one that was not is given up, and can be asked for again',
  },
  { name: /^inventory\.json$/, remedy: 'anew', says: 'written again from the files that are there' },
  { name: /^status\.json$/, remedy: 'anew', says: 'written by the next run' },
  { name: /^mask-check\.json$/, remedy: 'anew', says: 'made again of the key' },
  { name: /^meter\.json$/, remedy: 'anew', says: 'begins anew: `cost` knows nothing of the time before' },
  { name: /^state\.db\/proofs$/, remedy: 'anew', says: 'begins anew with the next proof' },
  {
    name: /^drift\.json$/,
    remedy: 'anew',
    says: 'begins anew: a field is noted with its next change, data definition of before is not known again',
  },
  {
    name: /^tables\.json$/,
    remedy: 'anew',
    says: 'taken from the source as it is today: where a table was altered or dropped while nothing ran, `tidemark reconcile` tells what its last changes lack',
  },
  {
    name: /^acknowledged\.json$/,
    remedy: 'anew',
    says: 'begins anew with what the slot says: whether somebody else moved it while nothing ran, `tidemark reconcile` tells',
  },
  {
    name: /^state\.db\/compaction\//,
    remedy: 'anew',
    says: 'begins anew: the next compaction reads base and history together',
  },
  {
    name: /^state\.db\/run$/,
    remedy: 'none',
    says: 'restore `state.db` from a backup, or run `tidemark dev --reload`: a new slot, every table loaded again in a new epoch',
  },
  {
    name: /^contracts\.json$/,
    remedy: 'none',
    says: 'restore it from a backup: it has the contracts that were inferred, and what they mask',
  },
  {
    name: /^keys\//,
    remedy: 'none',
    says: 'restore it from a backup: with another key every hash and token is another one; without a backup begin a new folder: docs/06-the-run-folder.md#a-lost-masking-key',
  },
]

const unknown: RemedyOf = {
  name: /./,
  remedy: 'none',
  says: 'restore it from a backup, or start in a new folder (--dir), which loads every table again',
}

export function remedyOf(name: string): Pick<RemedyOf, 'remedy' | 'says'> {
  return remedies.find((one) => one.name.test(name)) ?? unknown
}

/** What a person does about the file: no command makes again what nothing in the folder says. */
export function remedyText(name: string): string {
  const { remedy, says } = remedyOf(name)
  return remedy === 'none' ? `${says.charAt(0).toUpperCase()}${says.slice(1)}.` : `tidemark repair: ${says}`
}
