import type { Place } from './advice-fixture.ts'

/** How it is known that an advice is right. */
export type Follow =
  /** It goes wrong on a copy of a run, and what is printed is done. */
  | {
      readonly scenario: (place: Place) => Promise<void>
      /** A copy of a run unless said; an empty folder, or the folder that reads the source on, equal before and after. */
      readonly kind?: 'empty' | 'live'
      /** Only in `npm run test:advice`. */
      readonly isLong?: true
    }
  /** Another test does what it says. */
  | { readonly test: string; readonly named: string }
  /** Of what runs on AWS: the page that an operator reads, and the test that meets the failure. */
  | { readonly page: string; readonly test: string }
  /** Nobody can do it on a test machine. */
  | { readonly nobody: string }
