import type { TableLoadDeps } from './run-table-load.ts'

/** What one table's run needs, and what gives it back. */
export interface OpenParts {
  readonly parts: Omit<TableLoadDeps, 'load' | 'save' | 'onProgress' | 'now' | 'signal'>
  readonly close: () => void
}

/** The engines of a load, opened for its first table and kept for the next ones; after a failure new ones are opened. */
export class HeldParts {
  private readonly open: () => Promise<OpenParts>
  private held: OpenParts | undefined

  constructor(open: () => Promise<OpenParts>) {
    this.open = open
  }

  async parts(): Promise<OpenParts['parts']> {
    this.held ??= await this.open()
    return this.held.parts
  }

  release(): void {
    this.held?.close()
    this.held = undefined
  }
}
