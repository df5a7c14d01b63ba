import { unassigned } from '../../core/contract/infer/infer-table.ts'
import { contractFolder, splitLakeName } from '../../core/contract/language/lake-table-name.ts'
import type { Table } from '../../core/contract/language/table.ts'
import { exportName, printContract } from '../../core/contract/print/print-contract.ts'
import { PipelineError } from '../../core/failures/failures.ts'
import { parseTableName } from '../../core/source-table-name.ts'
import { parseSample, runSample, type SampleKind } from '../../formatters/run-sample.ts'
import type { ContractFile } from '../load/load-contracts.ts'
import type { SampleFile } from '../load/sample-files.ts'

/** A file to write, its path below the schemas folder. */
export interface NewFile {
  readonly path: string
  readonly text: string
}

export interface ScaffoldOptions {
  readonly key: readonly string[]
  readonly owner: string | undefined
  /** `system:schema.table`. */
  readonly source: string | undefined
}

/** A first version that loads and whose samples hold; what a person must say is left for `contract check` to ask. */
export function scaffold(name: string, options: ScaffoldOptions): readonly NewFile[] {
  const table = skeleton(name, options)
  const folder = contractFolder(name)
  const given = Object.fromEntries([
    ...options.key.map((key) => [key, 1]),
    ['updated_at', '2026-03-02T08:15:31.000001Z'],
  ])
  const noKey = { ...given, [options.key[0] ?? '']: null }
  return [
    { path: `${folder}/v1.ts`, text: printContract(table) },
    { path: `${folder}/samples/v1.a-row.pass.json`, text: sampleText(table, given, 'pass') },
    { path: `${folder}/samples/v1.no-key.fail.json`, text: sampleText(table, noKey, 'fail') },
  ]
}

function skeleton(name: string, { key, owner, source }: ScaffoldOptions): Table {
  if (!/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(name))
    throw new PipelineError('usage/invalid', 'the name is domain.table: lower case letters, digits and _')
  const wrong = key.find((column) => !/^[a-z][a-z0-9_]*$/.test(column) || column === 'updated_at')
  if (wrong !== undefined)
    throw new PipelineError('usage/invalid', `${wrong} cannot be the name of a key here`)
  const [, system = '', table = ''] =
    /^([^:]+):(.+)$/s.exec(source ?? `source:public.${splitLakeName(name).table}`) ?? []
  if (parseTableName(table) === undefined)
    throw new PipelineError('usage/invalid', '--source is system:schema.table')
  const keys = key.map((column) => [
    column,
    plain({ kind: 'bigint' }, `Key ${column}; describe it for analysts`),
  ])
  const changed = plain({ kind: 'timestampMicros' }, 'When the source last changed this row, UTC')
  return {
    name,
    version: 1,
    owner: owner ?? unassigned,
    description: 'What one row is; describe it for analysts',
    source: { system, table },
    primaryKey: key,
    partitionBy: {},
    unknownFields: 'keep',
    columns: Object.fromEntries([...keys, ['updated_at', changed]]),
  }
}

function plain(type: Table['columns'][string]['type'], description: string): Table['columns'][string] {
  return { type, description, nullable: false, treatment: 'clear' }
}

/* What the sample should expect is what the contract makes of it: a first sample shows, later ones prove. */
function sampleText(table: Table, given: Readonly<Record<string, unknown>>, kind: SampleKind): string {
  const text = JSON.stringify({ given, expect: kind === 'pass' ? {} : [] })
  const differences = runSample(table, parseSample(text, kind))
  const expect =
    kind === 'pass'
      ? Object.fromEntries(differences.map(({ column, got }) => [column, got]))
      : differences.map(({ got }) => got)
  return `${JSON.stringify({ given, expect }, null, 2)}\n`
}

/** The newest version again under the next number, samples too, to be changed from there. */
export function nextVersion(newest: ContractFile, samples: readonly SampleFile[]): readonly NewFile[] {
  const { name, version, text } = newest
  const next = version + 1
  const folder = contractFolder(name)
  const renamed = text
    .replaceAll(exportName({ name, version }), exportName({ name, version: next }))
    .replace(new RegExp(`^(\\s*version:\\s*)${version}\\b`, 'm'), `$1${next}`)
  return [
    { path: `${folder}/v${next}.ts`, text: renamed },
    ...samples.map((sample) => ({
      path: `${folder}/samples/${sample.file.replace(`v${version}.`, `v${next}.`)}`,
      text: sample.text,
    })),
  ]
}
