import type { MissingFile } from '../../core/audit/recovery-source.ts'
import type { ManifestDay } from '../../core/ledger/ledger.ts'
import type { RequestAnswer } from '../../core/operations/answers.ts'

/** What is done about something that the pipeline has not any more. */
export interface Loss {
  readonly state: 'done' | 'failed'
  readonly message: string
}

/** The stages that do something again, and what is known of files. Doing any of it twice changes no result. */
export interface RepairParts {
  /** Formats raw pages again: their blocks are on their way to the lake when it resolves. */
  readonly format: (pages: readonly string[]) => Promise<RequestAnswer>
  /** Lands delivered objects again. */
  readonly land: (objects: readonly string[]) => Promise<RequestAnswer>
  /** Whether a page can be formatted, or an object landed. */
  readonly isHeld: (kind: 'page' | 'object', name: string) => Promise<boolean>
  /** The pages of the blocks in an object that was set aside; undefined for one that was not. */
  readonly pagesAside: (object: string) => Promise<readonly string[] | undefined>
  readonly findRecoverySource: (file: string) => Promise<MissingFile | undefined>
  /** Takes a file out of the manifest. */
  readonly forget: (day: ManifestDay, file: string) => Promise<void>
  /** What only the owner of the lake's files and of the source can do: a machine. */
  readonly own?: OwnParts
}

export interface OwnParts {
  /** The file is, byte for byte, what was written. */
  readonly isWhole: (found: MissingFile) => Promise<boolean>
  /** Keeps a file where no reader comes. */
  readonly putAside: (file: string) => Promise<void>
  /** No reader of current sees a row of the file: a load or a truncate since has made its table anew. */
  readonly isOutranked: (found: MissingFile) => Promise<boolean>
  /**
   * Lands a file of a load again: for every contract, or only for the one of a history file. `lost` when it is gone or is not
   * what was read, `older` when a newer load has taken its place, `unknown` when no load knows it. A dry run writes nothing.
   */
  readonly landLoadFile: (
    key: string,
    options: { readonly isDryRun: boolean; readonly only?: ManifestDay | undefined },
  ) => Promise<'landed' | 'lost' | 'older' | 'unknown'>
  /** What is done about a page that is lost or damaged: its table is read again, unless nothing is lost with it. */
  readonly losePage: (page: string, isDryRun: boolean) => Promise<Loss>
  /** Has a source table read again. Resolves with what becomes of it. */
  readonly readAgain: (table: string) => Promise<string>
  /** The changes of an object that was set aside are on their way: it waits for nothing any more. */
  readonly settled: (object: string) => Promise<void>
}
