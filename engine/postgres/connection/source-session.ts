import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { PipelineError } from '../../../core/failures/failures.ts'

/*
 * Whatever role, database and URL say: one text for each value on every path (COPY, the stream and queries), names that
 * mean the catalog's, no limit of time but our own. Row security would hide rows silently; off, the server refuses instead.
 * Left as they are: lc_monetary, which says how many digits of a `money` are its fraction, and role, which is the owner's
 * word on who reads.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  search_path: 'pg_catalog,pg_temp',
  client_encoding: 'UTF8',
  client_min_messages: 'warning',
  TimeZone: 'UTC',
  DateStyle: 'ISO,MDY',
  IntervalStyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  xmloption: 'content',
  row_security: 'off',
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  quote_all_identifiers: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  /* A reader that pauses for what it has to store leaves data unconfirmed for longer than a short limit. */
  tcp_user_timeout: '0',
  exit_on_error: 'off',
}

/* A server refuses the name of a setting that it does not have, so these are set when its version is known. */
const LATER = [
  { since: 140_000, name: 'idle_session_timeout' },
  { since: 170_000, name: 'transaction_timeout' },
]

/*
 * Within half of it a server that works on changes of which it sends none says something all the same, and off it does
 * not: the stream's limit of silence rests on this. A shorter one would end a stream whose reader is busy with one large
 * row, again and again at the same row. Not at the start, so that its reset_val is what the role has.
 */
const BOUNDED_SILENCE = 'set wal_sender_timeout = 60000'

/** Echoed by a session that took its startup options. */
const MARK = 'tidemark.session'

export interface SessionOptions {
  /** The startup parameter `options`. */
  readonly text: string
  readonly mark: string
}

/**
 * Settings as a startup parameter, after those that the user's URL has: they are of this session from its first moment,
 * and a pooler that does not hand them on has nothing to leave on somebody else's session.
 */
export function sessionOptions(ofUrl: string): SessionOptions {
  const mark = randomBytes(8).toString('hex')
  const settings = Object.entries({ ...SETTINGS, [MARK]: mark })
  const ours = settings.map(([name, value]) => `-c ${name}=${value.replaceAll(/[\\ ]/g, '\\$&')}`)
  return { mark, text: [...(ofUrl === '' ? [] : [ofUrl]), ...ours].join(' ') }
}

/**
 * Makes sure that the session is the one that was asked for, then settles what depends on the server.
 * Throws `source/pooler` when something in between gave us another session.
 */
export async function settleSession(
  client: pg.Client,
  { mark }: SessionOptions,
  address: string,
): Promise<void> {
  const { rows } = await client.query<{ mark: string | null; version: string }>(
    `select pg_catalog.current_setting('${MARK}', true) as mark, pg_catalog.current_setting('server_version_num') as version`,
  )
  const [row] = rows
  if (row?.mark !== mark) throw pooled(address, 'its sessions do not have the settings they were opened with')
  const later = LATER.filter(({ since }) => Number(row.version) >= since)
  await client.query([...later.map(({ name }) => `set ${name} = 0`), BOUNDED_SILENCE].join('; '))
}

/** A refusal of the startup parameters: PostgreSQL takes them, poolers answer so. Undefined for every other failure. */
export function poolerRefusal(code: string, address: string): PipelineError | undefined {
  if (code !== '08P01' && code !== '0A000') return undefined
  return pooled(address, `it refuses the parameters of a session (SQLSTATE ${code})`)
}

function pooled(address: string, why: string): PipelineError {
  return new PipelineError(
    'source/pooler',
    `at ${address} a connection pooler answers, not PostgreSQL: ${why}`,
  )
}
