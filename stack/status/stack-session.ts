import type { Aws } from '../../aws/open-aws.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { outputsOf, type Stack } from '../stack.ts'

/** A stack whose services are asked, with the clock of the asking. */
export interface StackSession {
  readonly stack: Stack
  readonly tables: readonly Table[]
  /** As the user wrote the files, for commands. */
  readonly files: string
  readonly now: number
  /** Clients of the data account, and of the production account. Throw `stack/incomplete` without its region. */
  readonly data: () => Aws
  readonly source: () => Aws
}

export interface SessionOptions {
  readonly stack: Stack
  readonly tables: readonly Table[]
  readonly files: string
  /** Profile of the production account; whoever runs the command without one. */
  readonly sourceProfile: string | undefined
}

/** Opens clients as they are needed, closes those that were. The SDK is loaded here, only by who needs it. */
export async function withStackSession<T>(
  { stack, tables, files, sourceProfile }: SessionOptions,
  use: (session: StackSession) => Promise<T>,
): Promise<T> {
  const { openAws } = await import('../../aws/open-aws.ts')
  const { profileCredentials } = await import('../../aws/calls/profile-credentials.ts')
  const open = new Map<'data' | 'source', Aws>()
  const account = (part: 'data' | 'source') => {
    const { region } = outputsOf(stack, part, ['region'])
    const credentials = part === 'source' ? profileCredentials(sourceProfile) : {}
    const aws = open.get(part) ?? openAws({ region, ...credentials })
    open.set(part, aws)
    return aws
  }
  try {
    return await use({
      stack,
      tables,
      files,
      now: Date.now(),
      data: () => account('data'),
      source: () => account('source'),
    })
  } finally {
    for (const aws of open.values()) aws.close()
  }
}
