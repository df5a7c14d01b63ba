import { doctorChecks, statusChecks } from './checks-list.ts'
import { commandsPage } from './commands-page.ts'
import { failuresPage } from './failures-page.ts'
import { rulesPage } from './rules-page.ts'
import { typesTable } from './types-table.ts'

/** A page that is written by `npm run docs`, whole or between two marks. */
export interface GeneratedPage {
  /** Below `docs/`. */
  readonly file: string
  /** The page as it must be, made of the page as it is. */
  readonly text: (before: string) => string
}

const end = '\n<!-- End of what is written. -->'

export const generatedPages: readonly GeneratedPage[] = [
  { file: 'failures.md', text: failuresPage },
  { file: 'rules.md', text: rulesPage },
  { file: '19-commands.md', text: commandsPage },
  { file: '03-contracts.md', text: (before) => between(before, typesTable()) },
  {
    file: '16-operating.md',
    text: (before) => between(between(before, doctorChecks()), statusChecks(), 'status'),
  },
]

/* Of several parts on a page each begins with its name. Throws RangeError for a page that has lost its marks. */
function between(page: string, part: string, name = ''): string {
  const begin = `<!-- Written by \`npm run docs\` from the code${name === '' ? '' : `: ${name}`}. -->\n`
  const from = page.indexOf(begin)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new RangeError('the page has no marks for its generated part')
  return `${page.slice(0, from + begin.length)}\n${part}\n${page.slice(to)}`
}
