/** Address of the contract language where the command line is bundled, put here by `bin/bundle.mjs`; undefined where the sources run. */
export const bundledLanguage: string | undefined = undefined
