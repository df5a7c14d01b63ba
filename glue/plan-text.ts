import type { CatalogChange } from './catalog-plan.ts'

const signs = { create: '+', update: '~', delete: '-' } as const

/** A plan for people: an object on a line with its sign and class, below it what changes and what to do. */
export function planText(changes: readonly CatalogChange[]): string {
  if (changes.length === 0) return 'No changes. Glue is what the contracts say.'
  const count = (action: CatalogChange['action']) => changes.filter((one) => one.action === action).length
  const blocks = changes.map((change) => {
    const { action, kind, database, name, lines, advice } = change
    const head = `${signs[action]} ${kind} ${name === '' ? database : `${database}.${name}`} (${change.class})`
    return [head, ...lines.map((line) => `    ${line}`), ...(advice === '' ? [] : [`    ${advice}`])].join(
      '\n',
    )
  })
  const sum = `Plan: ${count('create')} to create, ${count('update')} to change, ${count('delete')} to delete.`
  return [...blocks, sum].join('\n\n')
}
