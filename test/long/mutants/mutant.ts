/** A promise of the product undone in one place, and the test file that must notice. */
export interface Mutant {
  readonly file: string
  /** Occurs once in the file. */
  readonly before: string
  readonly after: string
  /** Test file. */
  readonly test: string
  /** A part of the names of its tests that are to notice; all of them when left out. */
  readonly only?: string
  /** What is lost or wrong when this place is wrong. */
  readonly reason: string
}

export function occurrences(text: string, part: string): number {
  return text.split(part).length - 1
}
