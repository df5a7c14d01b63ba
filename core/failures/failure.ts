/** What the pipeline does with the record, table or run that failed. */
export type Action = 'retry' | 'quarantine' | 'halt'

/** One row of the failure table: what happens by itself, and what a person should do. */
export interface Failure {
  readonly action: Action
  readonly advice: string
}
