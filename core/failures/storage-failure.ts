import type { FailureCode } from './failures.ts'
import { PipelineError } from './failures.ts'

/* What the system says of a file, and, where only text is left of it, in the words of the C library. */
const CAUSES: readonly { readonly errno: RegExp; readonly words: RegExp; readonly code: FailureCode }[] = [
  {
    errno: /^(?:ENOSPC|EDQUOT)$/,
    words: /No space left on device|Disk quota exceeded|failed to offload data block/i,
    code: 'run/disk-full',
  },
  {
    errno: /^(?:EROFS|EACCES|EPERM)$/,
    words: /Read-only file system|Permission denied|Operation not permitted/i,
    code: 'run/not-writable',
  },
  { errno: /^(?:EMFILE|ENFILE)$/, words: /Too many open files/i, code: 'run/too-many-files' },
  { errno: /^EIO$/, words: /Input\/output error/i, code: 'run/disk-failed' },
]
/* What SQLite says of its file: its own numbers, which it makes of the system's. */
const OF_SQLITE: readonly { readonly errcode: (code: number) => boolean; readonly code: FailureCode }[] = [
  /* SQLITE_FULL, and a shared memory file that cannot grow (SQLITE_IOERR_SHMSIZE). */
  { errcode: (code) => code === 13 || code === 4_874, code: 'run/disk-full' },
  /* SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN. */
  { errcode: (code) => [3, 8, 14].includes(code & 0xff), code: 'run/not-writable' },
  { errcode: (code) => (code & 0xff) === 10, code: 'run/disk-failed' },
]
/* Calls of a network or of another process, which may be refused by the same numbers. */
const NOT_OF_FILES = /^(?:connect|listen|bind|accept|getaddrinfo|spawn|kill|send|recv)/
const ENGINE = /^(?:IO|Out of Memory|Invalid|INTERNAL|FATAL) Error/i
const IN_ENGINE = /["'](\/[^"'\n]+)["']/
const DEPTH = 8
/* Codes that say no more than where it happened. */
const GENERAL = /^(?:raw|quarantine|ledger)\/unavailable$|^lake\/unreadable$|^objects\//

/**
 * What the file system refused, where that is the reason of an error, however deep: the disk is full, may not be written, and
 * so on, with the file. Undefined for any other error, and for one whose own code says more.
 */
export function storageFailure(error: unknown): PipelineError | undefined {
  let cause: unknown = error
  for (let depth = 0; depth < DEPTH && cause instanceof Error; depth += 1) {
    if (cause instanceof PipelineError && !GENERAL.test(cause.code)) return undefined
    const found = failureOf(cause)
    if (found !== undefined) return new PipelineError(found.code, found.message, { cause: error })
    cause = cause.cause
  }
  return undefined
}

function failureOf(error: Error): { readonly code: FailureCode; readonly message: string } | undefined {
  if (error instanceof PipelineError) return undefined
  if ('errcode' in error) return sqliteFailureOf(error)
  const { code, syscall, path } = error as NodeJS.ErrnoException
  /* The lock of a folder is a socket in it. */
  const socket =
    'address' in error && String(error.address).startsWith('/') ? String(error.address) : undefined
  const isOfFiles = typeof syscall === 'string' && (socket !== undefined || !NOT_OF_FILES.test(syscall))
  if (typeof code === 'string' && isOfFiles) {
    const known = CAUSES.find(({ errno }) => errno.test(code))
    const where = path ?? socket
    if (known === undefined) return undefined
    return { code: known.code, message: `${code}: ${syscall}${where === undefined ? '' : ` ${where}`}` }
  }
  if (!ENGINE.test(error.message)) return undefined
  const known = CAUSES.find(({ words }) => words.test(error.message))
  if (known === undefined) return undefined
  const [words = ''] = known.words.exec(error.message) ?? []
  const file = IN_ENGINE.exec(error.message)?.[1]
  return { code: known.code, message: file === undefined ? words : `${words}: ${file}` }
}

function sqliteFailureOf(error: Error & { readonly errcode: unknown }) {
  const known = OF_SQLITE.find(({ errcode }) => errcode(Number(error.errcode)))
  if (known === undefined) return undefined
  return { code: known.code, message: 'path' in error ? `${error.message}: ${error.path}` : error.message }
}
