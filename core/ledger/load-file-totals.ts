import type { LoadFileRecord } from './ledger.ts'

/** Rows of the files of full loads. */
export interface LoadRows {
  readonly rows: number
  readonly landed: number
  readonly quarantined: number
}

const NONE: LoadRows = { rows: 0, landed: 0, quarantined: 0 }

/** The files of full loads, each once, and their sums by contract, `name vN`. */
export class LoadFileTotals {
  private readonly files = new Map<string, LoadFileRecord>()
  private readonly sums = new Map<string, LoadRows>()

  constructor(files: readonly LoadFileRecord[]) {
    for (const file of files) this.record(file)
  }

  /** Recorded again, the newer record of a key counts. */
  record(file: LoadFileRecord): void {
    const before = this.files.get(file.key)
    if (before !== undefined) this.count(before, -1)
    this.files.set(file.key, file)
    this.count(file, 1)
  }

  of(contract: string): LoadRows {
    return this.sums.get(contract) ?? NONE
  }

  all(): IterableIterator<LoadFileRecord> {
    return this.files.values()
  }

  private count({ rows, landed, refused }: LoadFileRecord, sign: 1 | -1): void {
    for (const contract of new Set([...Object.keys(landed), ...Object.keys(refused)])) {
      const sum = this.of(contract)
      this.sums.set(contract, {
        rows: sum.rows + sign * rows,
        landed: sum.landed + sign * (landed[contract] ?? 0),
        quarantined: sum.quarantined + sign * (refused[contract] ?? 0),
      })
    }
  }
}
