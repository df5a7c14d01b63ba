import { blockColumns } from '../../core/contract/language/lake-columns.ts'
import type { Table } from '../../core/contract/language/table.ts'
import type { Sample } from '../../formatters/run-sample.ts'
import type { ContractFile } from '../load/load-contracts.ts'
import { placeOf } from '../load/locate-member.ts'
import type { SampleFile } from '../load/sample-files.ts'
import { fixOf } from './contract-rules.ts'
import { type Finding, findingAt } from './finding.ts'
import { nearest } from './nearest.ts'

/** Samples that are missing, cannot be read, or name columns that the contract does not have. */
export function reviewSamples(file: ContractFile, samples: readonly SampleFile[]): readonly Finding[] {
  if (file.loaded.kind === 'failed') return []
  const { table } = file.loaded
  const missing = (['pass', 'fail'] as const).filter(
    (kind) => !samples.some(({ file: name }) => name.endsWith(`.${kind}.json`)),
  )
  return [
    ...missing.map((kind) =>
      findingAt(file, ['version'], 'C108', `version ${file.version} has no ${kind} sample`),
    ),
    ...samples.flatMap((sample) => reviewSample(table, sample)),
  ]
}

function reviewSample(table: Table, { shown, text, sample, fault }: SampleFile): readonly Finding[] {
  if (sample === undefined)
    return [{ file: shown, line: 1, column: 1, rule: 'C110', message: fault ?? '', fix: fixOf('C110') }]
  return unknownNames(table, sample).map(({ name, near }) => {
    const [similar] = near
    const guess = similar === undefined ? '' : `; did you mean ${similar}?`
    const place = placeOf(text, Math.max(text.indexOf(`"${name}`), 0))
    return {
      file: shown,
      ...place,
      rule: 'C109',
      message: `${name} is no column${guess}`,
      fix: fixOf('C109'),
    }
  })
}

interface UnknownName {
  readonly name: string
  readonly near: readonly string[]
}

/* A source field that the contract does not know is what `_extra` and some refusals are shown with: it is no mistake there. */
function unknownNames(table: Table, { kind, given, expect }: Sample): readonly UnknownName[] {
  const lake = [...blockColumns(table), '_absent', '_extra']
  const sources = Object.entries(table.columns).map(([name, { from }]) => from ?? name)
  const named = Array.isArray(expect)
    ? []
    : Object.keys(expect).flatMap((name) =>
        lake.includes(name) ? [] : [{ name, near: nearest(name, lake) }],
      )
  const extras = Object.keys(given).filter((name) => !sources.includes(name))
  const isShown = (name: string) =>
    Array.isArray(expect)
      ? expect.some((reason) => reason.startsWith(`${name}: `))
      : kind === 'pass' &&
        String(new Map(Object.entries(expect)).get('_extra') ?? '').includes(JSON.stringify(name))
  const strange = extras.flatMap((name) => {
    const near = nearest(name, sources)
    return isShown(name) || near.length === 0 ? [] : [{ name, near }]
  })
  return [...named, ...strange]
}
