import type { StoredProposal } from '../../../contract-tools/infer/infer-stored.ts'
import { misfitText } from '../../../contract-tools/infer/misfits.ts'

/** A proposal for people: lines as a diff that `git apply` takes, then the columns whose values do not fit. */
export function proposalText(proposal: StoredProposal): string {
  if (proposal.kind === 'contract') return proposal.files.map(fileText).join('\n')
  const { contract, lines, diff, misfits } = proposal
  const lacking = diff ?? lines.map((line) => `+${line}`).join('\n')
  const parts = [...(lines.length > 0 ? [lacking] : []), ...misfits.map(misfitText)]
  return parts.length > 0 ? parts.join('\n') : `${contract} has every field that was seen`
}

export function proposalJson(proposal: StoredProposal): string {
  if (proposal.kind === 'contract') {
    const { source, rows, table, files } = proposal
    return JSON.stringify({ source, rows, table: table.name, files })
  }
  const { kind: _, ...rest } = proposal
  return JSON.stringify(rest)
}

function fileText({ path, text }: { readonly path: string; readonly text: string }): string {
  return path.endsWith('.ts') ? text : `// ${path}\n${text}`
}
