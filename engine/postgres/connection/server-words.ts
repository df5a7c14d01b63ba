/** Fields of PostgreSQL's error and notice messages; of them only the SQLSTATE is always there. */
export interface ServerMessage {
  readonly code: string
  readonly message?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  /** Of the server's source: they are the same in every language of the server. */
  readonly file?: string | undefined
  readonly routine?: string | undefined
}

/** Whether an error is one that a server sent, with a SQLSTATE, and none of the driver or the system. */
export function isOfDatabase(error: unknown): error is Error & ServerMessage {
  return (
    error instanceof Error &&
    'severity' in error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^[0-9A-Z]{5}$/.test(error.code)
  )
}

/*
 * Classes whose messages speak of settings, roles, objects and resources. Not those that may repeat a value: data
 * exceptions, constraints, syntax (the text near it may be a key of ours), deadlocks (they quote statements), and what
 * functions of the database raise themselves.
 */
const CLASSES = ['08', '0A', '25', '28', '3D', '3F', '53', '55', '57', '58']
const STATES = ['42501', '42703', '42704', '42710', '42883', '42P01', '42809']

/* RAISE of PL/pgSQL takes any SQLSTATE and any words. */
const RAISED = ['exec_stmt_raise', 'PLy_elog_impl', 'PLy_ereport', 'plperl_util_elog', 'do_util_elog']

const LONGEST = 400

/** Message, DETAIL and HINT of a server's error, each on one line, or nothing where they may hold a value of a row. */
export function serverWords(error: ServerMessage): readonly string[] {
  const { code, message, detail, hint, routine = '' } = error
  const isPlain = CLASSES.includes(code.slice(0, 2)) || STATES.includes(code)
  if (!isPlain || RAISED.includes(routine)) return []
  const labelled = [
    ['', message],
    ['DETAIL ', detail],
    ['HINT ', hint],
  ] as const
  return labelled.flatMap(([label, text]) => (text === undefined || text === '' ? [] : [label + line(text)]))
}

/* The server quotes names as they are: nothing of them reaches a terminal but letters. */
function line(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain
}
