import type { VersionDiff } from '../../../contract-tools/diff/diff-contracts.ts'
import { findingsText } from './print-findings.ts'

/** First line of the comment on a pull request, by which the next run finds it again. */
export const commentMark = '<!-- tidemark contract diff -->'

/** `1 breaking, 2 additive, 3 same`: every kind that there is, worst first. */
export function diffCounts(diffs: readonly VersionDiff[]): string {
  const kinds = ['breaking', 'gone', 'retired', 'new', 'additive', 'wording', 'same'] as const
  const counts = kinds.flatMap((kind) => {
    const count = diffs.filter((diff) => diff.kind === kind).length
    return count === 0 ? [] : [`${count} ${kind}`]
  })
  return counts.length === 0 ? 'no contracts' : counts.join(', ')
}

/** The difference for a terminal; versions that are the same are only counted. */
export function diffText(diffs: readonly VersionDiff[]): string {
  const blocks = diffs.filter(({ kind }) => kind !== 'same').map(blockText)
  return blocks.length === 0 ? 'no contract changed' : blocks.join('\n\n')
}

function blockText(diff: VersionDiff): string {
  const { version, kind, findings, notes, columns, ddl, views, personal } = diff
  return [
    `${version}: ${kind}`,
    ...(findings.length === 0 ? [] : [indented(findingsText(findings).split('\n'))]),
    ...section('notes', notes),
    ...section('columns', columns),
    ...section('personal data', personal),
    ...section('Athena', ddl),
    ...(views.length === 0 ? [] : [`  views: ${views.join(', ')}`]),
  ].join('\n')
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`  ${title}:\n${indented(lines, '    ')}`]
}

function indented(lines: readonly string[], by = '  '): string {
  return lines.map((line) => `${by}${line}`).join('\n')
}

/* GitHub refuses comments of more than 65,536 characters. */
const MAX_COMMENT = 60_000

/** The difference as one comment on a pull request. */
export function diffMarkdown(diffs: readonly VersionDiff[]): string {
  const moved = diffs.filter(({ kind }) => kind !== 'same')
  const head = [commentMark, `### Contracts: ${diffCounts(diffs)}`, '']
  if (moved.length === 0) return [...head, 'No contract changed.'].join('\n')
  const rows = moved.map(({ version, kind, findings, views }) => {
    const rules = [...new Set(findings.map(({ rule }) => rule))].join(', ')
    return `| \`${version}\` | ${kind === 'breaking' ? '**breaking**' : kind} | ${rules} | ${views.map(code).join(' ')} |`
  })
  const text = [
    ...head,
    '| contract | change | rules | views |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...moved.map(detailsOf),
  ].join('\n')
  const end = text.lastIndexOf('\n<details>', MAX_COMMENT)
  return text.length <= MAX_COMMENT
    ? text
    : `${text.slice(0, Math.max(end, 0))}\n\nCut: run \`contract diff\` for the rest.`
}

function detailsOf({ version, kind, findings, notes, columns, ddl, personal }: VersionDiff): string {
  const rules = findings.map(
    ({ file, line, rule, message, fix }) =>
      `- **${rule}** ${plain(message)} (${code(`${file}:${line}`)}) ${plain(fix)}`,
  )
  const parts = [
    ...rules,
    ...notes.map((note) => `- ${plain(note)}`),
    ...personal.map((line) => `- personal data: ${plain(line)}`),
    ...fenced('Columns', columns),
    ...fenced('Athena', ddl),
  ]
  if (parts.length === 0) return ''
  const isOpen = kind === 'breaking' || kind === 'gone'
  return [
    '',
    `<details${isOpen ? ' open' : ''}><summary>${version}: ${kind}</summary>`,
    '',
    ...parts,
    '',
    '</details>',
  ].join('\n')
}

function fenced(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}`, '', '```diff', ...lines.map(unfenced), '```']
}

/* What a contract's author wrote must not end the block or make markup. */
function unfenced(line: string): string {
  return line.replaceAll('```', "'''")
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

function plain(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('|', '\\|')
}
