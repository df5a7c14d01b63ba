import { plural } from '../amount-text.ts'
import { printTableVersion, readTableVersion } from '../contract/language/table-version.ts'
import type { LoadFileRecord, ManifestDay, ManifestFile, NamedBlock } from '../ledger/ledger.ts'
import type { PageName } from '../page.ts'
import type { CatalogTable, LakeFile } from '../ports/catalog-entry.ts'
import type { Position } from '../position.ts'

/** Something that the ledger expects and nobody has, or the other way round. Holds no row value. */
export interface LedgerFinding {
  readonly kind: 'page' | 'block' | 'file' | 'quarantine' | 'load' | 'feed' | 'foreign'
  /** Contract, `name vN`, or source table for what no contract read. */
  readonly table: string
  /** Key of the page, the load file or the history file. */
  readonly name: string
  /** Changes; rows of files. */
  readonly count: number
  readonly first: Position | null
  readonly last: Position | null
  /** Landing object in which it should have come, where that is known. */
  readonly object: string | null
  readonly message: string
  readonly advice: string
  /** A note is no loss: the exit code does not tell of it. */
  readonly severity: 'fault' | 'note'
}

/** A page that nobody has recorded. `says` is what that means, `advice` what brings it back. */
export function lostPage(
  { key, table, changes, firstPosition, lastPosition }: PageName,
  says: string,
  advice: string,
): LedgerFinding {
  const range = { first: firstPosition, last: lastPosition }
  return {
    kind: 'page',
    table,
    name: key,
    count: changes,
    ...range,
    object: null,
    severity: 'fault',
    advice,
    message: `a page of ${table} ${says}: ${plural(changes, 'change')}`,
  }
}

/**
 * A page whose bytes are not what was captured: what came of it before is in the lake, a replay cannot read it. A note when
 * it is `outranked`: a load or a truncate since has made the table anew.
 */
export function damagedPage(
  { key, table, changes, firstPosition: first, lastPosition: last }: PageName,
  { file, isOutranked }: { readonly file: string; readonly isOutranked: boolean },
): LedgerFinding {
  const severity = isOutranked ? 'note' : 'fault'
  const message = `a page of ${table} in ${file} does not match its checksum: ${plural(changes, 'change')}`
  const page = { kind: 'page', table, name: key, count: changes, first, last, object: null } as const
  if (isOutranked) {
    const advice = 'Nothing: the table was made anew since, none of them counts. A replay begins after them.'
    return { ...page, severity, message, advice }
  }
  return { ...page, severity, message, advice: repairOf('page', key) }
}

/** A file of the folder's state that is missing or damaged. */
export function badState(name: string, state: 'missing' | 'damaged', advice: string): LedgerFinding {
  return stateFile(name, `is ${state}`, advice)
}

/** The file of the masking key, which does not hold the key of the folder. */
export function badKey(name: string, fault: string, advice: string): LedgerFinding {
  return stateFile(name, fault, advice)
}

function stateFile(name: string, fault: string, advice: string): LedgerFinding {
  return {
    kind: 'file',
    table: '',
    name,
    count: 0,
    first: null,
    last: null,
    object: null,
    message: `${name} ${fault}`,
    advice,
    severity: 'fault',
  }
}

/** An item of quarantine that is not what was written. */
export function damagedEntry(file: string, name: string): LedgerFinding {
  return {
    kind: 'quarantine',
    table: '',
    name: `${file} ${name}`,
    count: 1,
    first: null,
    last: null,
    object: null,
    severity: 'fault',
    message: `${name} in ${file} does not match its checksum`,
    advice: `Restore ${file} from a backup.`,
  }
}

/** `where` says why it did not come; `object` is the landing object it was in, where that is known. */
export function lostBlock(
  block: NamedBlock,
  { says: where, object }: { readonly says: string; readonly object: string | null },
  advice: string,
): LedgerFinding {
  const { origin, page, ordinal, changes, first, last } = block
  const contract = printTableVersion(block.contract)
  const what = origin === 'page' ? `block ${ordinal} of a page` : 'a block of a redrive'
  return {
    kind: 'block',
    table: contract,
    name: page,
    count: changes,
    first,
    last,
    object,
    severity: 'fault',
    message: `${what} for ${contract} did not arrive: ${plural(changes, 'change')}; ${where}`,
    advice,
  }
}

export function unevenPage(
  page: Pick<PageName, 'key' | 'changes'>,
  contract: string,
  advice: string,
): LedgerFinding {
  return {
    kind: 'page',
    table: contract,
    name: page.key,
    count: page.changes,
    first: null,
    last: null,
    object: null,
    severity: 'fault',
    advice,
    message: `blocks, refusals and filtered changes of a page are not its ${page.changes} changes`,
  }
}

/** A file of other bytes than were written; `found` is undefined for one that is gone. */
export function alteredFile(day: ManifestDay, file: ManifestFile, found: number | undefined): LedgerFinding {
  const missing = badHistory(day, file, 'missing')
  if (found === undefined) return missing
  return { ...missing, message: `${file.key} has ${found} bytes, ${file.bytes} were written` }
}

/** What an audit found in the place of a file: `rows` by its footer. */
export type FoundFile = 'missing' | 'unreadable' | 'altered' | { readonly rows: number }

/** A history file that is not what was written. */
export function badHistory(
  { table, version }: Pick<ManifestDay, 'table' | 'version'>,
  file: ManifestFile,
  found: FoundFile,
): LedgerFinding {
  const { key, first, last } = file
  const contract = printTableVersion({ name: table, version })
  return { ...badFile(contract, file, found), first, last, advice: repairOf('file', key) }
}

/** A base or tombstone file that is not what was written. `reachesBack`: whether history has all that base was made of. */
export function badBase(
  table: Pick<CatalogTable, 'name' | 'version' | 'source'>,
  file: LakeFile,
  { found, reachesBack }: { readonly found: FoundFile; readonly reachesBack: boolean },
): LedgerFinding {
  const { name, source } = table
  const advice = reachesBack
    ? `tidemark compact --table ${name} --rebuild`
    : `History before this base was dropped, so it is read again: tidemark load start --tables ${source} --wait; then tidemark compact --table ${name}`
  return { ...badFile(printTableVersion(table), file, found), advice }
}

/** A file of a table's newest load that is not what was read. What landed of it is in history; its rows are read again. */
export function badLoadFile(
  table: string,
  file: Pick<LakeFile, 'key' | 'rows' | 'bytes'>,
  found: FoundFile,
): LedgerFinding {
  return { ...badFile(table, file, found), kind: 'load', advice: repairOf('file', file.key) }
}

function badFile(
  contract: string,
  { key, rows, bytes }: Pick<LakeFile, 'key' | 'rows' | 'bytes'>,
  found: FoundFile,
): LedgerFinding {
  const lost = `${plural(rows, 'row')} of ${contract}`
  const says = {
    missing: `${key} is missing: ${lost}`,
    unreadable: `${key} cannot be read: ${lost}`,
    altered: `${key} is not the ${bytes} bytes that were written: ${lost}`,
  }
  return {
    kind: 'file',
    table: contract,
    name: key,
    count: rows,
    first: null,
    last: null,
    object: null,
    severity: 'fault',
    message: typeof found === 'string' ? says[found] : `${key} has ${found.rows} rows, ${rows} were written`,
    advice: '',
  }
}

export function foreignFile(table: string, key: string): LedgerFinding {
  return {
    kind: 'foreign',
    table,
    name: key,
    count: 0,
    first: null,
    last: null,
    object: null,
    message: `${key} is not in the ledger`,
    severity: 'note',
    advice: 'If nobody knows it, move it away: queries read every file of the folder.',
  }
}

/**
 * What a file of a load has more rows of than history and quarantine, by contract. On a machine it is landed again, and
 * counted; on a stack the load itself has failed.
 */
export function unevenLoad(
  { load, key, rows, landed, refused }: LoadFileRecord,
  where: 'machine' | 'stack',
): readonly LedgerFinding[] {
  return [...new Set([...Object.keys(landed), ...Object.keys(refused)])].flatMap((contract) => {
    const sum = (landed[contract] ?? 0) + (refused[contract] ?? 0)
    if (sum === rows) return []
    return [
      {
        kind: 'load',
        table: contract,
        name: key,
        count: rows - sum,
        first: null,
        last: null,
        object: key,
        message: `${key} has ${rows} rows, ${sum} are in history and quarantine of ${contract}`,
        severity: 'fault',
        advice: where === 'stack' ? `tidemark load resume ${load}` : repairOf('file', key),
      },
    ]
  })
}

/** An object of the landing prefix that nobody has landed. */
export function unlandedObject(key: string, kind: 'block' | 'load'): LedgerFinding {
  return {
    kind,
    table: '',
    name: key,
    count: 0,
    first: null,
    last: null,
    object: key,
    severity: 'fault',
    message: `${key} was delivered and is not landed`,
    advice: kind === 'block' ? repairOf('object', key) : `tidemark load resume ${key.split('/')[2] ?? ''}`,
  }
}

export function lostEntries(table: string, expected: number, found: number): LedgerFinding {
  const contract = readTableVersion(table)
  return {
    kind: 'quarantine',
    table,
    name: '',
    count: expected - found,
    first: null,
    last: null,
    object: null,
    severity: 'fault',
    message: `${expected} refused changes of ${table} went to quarantine, it knows of ${found}`,
    advice:
      contract === undefined ? 'Restore state.db from a backup.' : `tidemark replay --table ${contract.name}`,
  }
}

/** The command that does again what a page, a landing object or a file of the lake or of a load was made of. */
export function repairOf(what: 'page' | 'object' | 'file', name: string): string {
  return `tidemark repair --${what} '${name}'`
}

/** The command that formats a range of a contract's changes again. */
export function replayOf(
  contract: string,
  { first, last }: { readonly first: Position | null; readonly last: Position | null },
): string {
  const { name, version } = readTableVersion(contract) ?? { name: contract, version: 1 }
  const range = first === null || last === null ? '' : ` --from ${first} --to ${last}`
  return `tidemark replay --table ${name} --contract-version ${version}${range}`
}
