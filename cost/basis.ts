/** What a bill is of. */
export type Basis =
  | {
      readonly kind: 'run'
      readonly dir: string
      readonly since: string
      readonly seconds: number
      readonly isScaled: boolean
    }
  | { readonly kind: 'design'; readonly rowBytes: number; readonly tables: number }
  | {
      readonly kind: 'stack'
      readonly since: string
      readonly seconds: number
      /** What CloudWatch does not say, and what was done about it. */
      readonly gaps: readonly string[]
    }
