import type { Page } from '../../core/page.ts'
import type { Position } from '../../core/position.ts'

/** What pages reach over. */
export interface Reach {
  readonly first: Position
  readonly last: Position
  /** When the last change of the first page was committed, ISO 8601 UTC; null for rows of a load. */
  readonly since: string | null
  /** Key of the last page. */
  readonly after: string
}

/** Pages one by one, to the one of a key if there is one, and over what those reach that were asked for. */
export class ReplayFeed {
  private readonly pages: AsyncGenerator<Page>
  private readonly last: string | undefined
  private at: string
  private reach: Reach | undefined

  constructor(
    pages: AsyncGenerator<Page>,
    { after, last }: { after: string | null; last: string | undefined },
  ) {
    this.pages = pages
    this.last = last
    this.at = after ?? ''
  }

  /** Whether the last page was given; unknown where none is the last. */
  isDone(): boolean {
    return this.last !== undefined && this.at >= this.last
  }

  async next(): Promise<Page | undefined> {
    if (this.isDone()) return undefined
    const { value } = await this.pages.next()
    if (value === undefined) return undefined
    const page: Page = value
    this.at = page.key
    const since = page.committedAt === null ? null : new Date(page.committedAt).toISOString()
    const { first, last } = this.reach ?? { first: page.firstPosition, last: '' }
    this.reach = {
      first,
      last: [page.lastPosition, last].sort().at(-1) ?? last,
      since: this.reach === undefined ? since : this.reach.since,
      after: page.key,
    }
    return page
  }

  /** Since it was asked before; undefined when no page came. */
  taken(): Reach | undefined {
    const { reach } = this
    this.reach = undefined
    return reach
  }

  async close(): Promise<void> {
    await this.pages.return(undefined)
  }
}
