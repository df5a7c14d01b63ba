import type { Finding } from '../../../contract-tools/check/finding.ts'

/** Findings for people: `file:line:col: RULE: message`, and below it what to do, where it was not said above. */
export function findingsText(findings: readonly Finding[]): string {
  const said = new Set<string>()
  return findings
    .map(({ file, line, column, rule, message, fix }) => {
      const isSaid = fix === '' || said.has(fix)
      said.add(fix)
      return `${file}:${line}:${column}: ${rule}: ${message}${isSaid ? '' : `\n  fix: ${fix}`}`
    })
    .join('\n')
}

/** Findings as GitHub shows them on the lines of a pull request. */
export function findingsGithub(findings: readonly Finding[]): string {
  return findings
    .map(({ file, line, column, rule, message, fix }) => {
      const place = `file=${property(file)},line=${line},col=${column},title=${property(rule)}`
      return `::error ${place}::${data(fix === '' ? message : `${message}\nfix: ${fix}`)}`
    })
    .join('\n')
}

/* How a workflow command escapes: GitHub's toolkit, packages/core/src/command.ts. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
