import { PipelineError } from '../../../core/failures/failures.ts'

const FORM = 'postgres://user:password@host:port/database'

/*
 * Parameters that change what a session is; those of the connection, as host and sslmode, are left. The driver takes
 * them from the URL before its settings.
 */
const OF_SESSION = [
  'application_name',
  'fallback_application_name',
  'client_encoding',
  'replication',
  'options',
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'query_timeout',
]

/**
 * The parts of a source's URL. Throws `usage/invalid` for anything else, with nothing of the text: where a password holds
 * `/`, `?`, `#` or `@` that are not percent-encoded, its parts are taken for host, database or parameters.
 */
export function parseSourceUrl(text: string): URL {
  if (!/^postgres(ql)?:\/\//i.test(text)) throw invalid(`must start with postgres://, as ${FORM}`)
  const rest = text.slice(text.indexOf('://') + 3)
  /* A raw @ after the authority, a second / or a # are pieces of a password. */
  const [, tail = ''] = /^[^/?#]*(.*)$/s.exec(rest) ?? []
  const [path = ''] = tail.split('?')
  if (/[@#]/.test(tail) || /^\/.*[/:]/s.test(path))
    throw invalid(
      `is no URL of the form ${FORM}: encode special characters of its parts, as %40 for @ and %2F for /`,
    )
  const url = parsed(text)
  if (url === undefined) throw invalid(`is not a URL: ${FORM}`)
  return url
}

/** Name of the database in a source's URL. Throws `usage/invalid`. */
export function databaseOf(text: string): string {
  const { pathname } = parseSourceUrl(text)
  const database = decoded(pathname.slice(1))
  if (database === '') throw invalid('names no database: postgres://host/database')
  return database
}

/** Host, port and database of a source, for messages: no user, no password, nothing of a text that is not a valid URL. */
export function addressOf({ url }: { readonly url: string }): string {
  try {
    const { host, pathname } = parseSourceUrl(url)
    return `${host}${pathname}`
  } catch {
    return 'the source'
  }
}

/** The URL without what would change the session, and the options that it asked the server for. */
export function connectionOf(text: string): { readonly url: string; readonly options: string } {
  const url = parseSourceUrl(text)
  const options = url.searchParams.get('options') ?? ''
  if (!OF_SESSION.some((name) => url.searchParams.has(name))) return { url: text, options }
  for (const name of OF_SESSION) url.searchParams.delete(name)
  return { url: url.href, options }
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('has a % in the name of its database that encodes nothing')
  }
}

function invalid(why: string): PipelineError {
  return new PipelineError('usage/invalid', `the source ${why}`)
}
