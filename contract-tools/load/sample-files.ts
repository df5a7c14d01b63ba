import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseSample, type Sample } from '../../formatters/run-sample.ts'
import { type ContractFile, type ContractsFolder, shownPath } from './load-contracts.ts'

/** A sample beside its contract: `samples/v1.<case>.pass.json`. */
export interface SampleFile {
  readonly file: string
  readonly shown: string
  readonly text: string
  /** Undefined when it cannot be read; `fault` says why. */
  readonly sample: Sample | undefined
  readonly fault: string | undefined
}

const SAMPLE = /^v(\d+)\.[a-z0-9-]+\.(pass|fail)\.json$/

/** The samples of one contract version, by name. Files whose name is no sample's are in it when they start with the version. */
export async function readSamples(
  { root }: Pick<ContractsFolder, 'root'>,
  contract: Pick<ContractFile, 'path' | 'version'>,
  from: string,
): Promise<readonly SampleFile[]> {
  const folder = join(root, contract.path, '..', 'samples')
  const names = await readdir(folder).catch(() => [])
  const own = names.filter((name) => name.startsWith(`v${contract.version}.`)).sort()
  return Promise.all(own.map((name) => readSample(join(folder, name), name, from)))
}

async function readSample(path: string, name: string, from: string): Promise<SampleFile> {
  const text = await readFile(path, 'utf8')
  const file = { file: name, shown: shownPath(path, from), text }
  const [, , kind] = SAMPLE.exec(name) ?? []
  if (kind !== 'pass' && kind !== 'fail')
    return { ...file, sample: undefined, fault: 'its name is not vN.<what-it-shows>.pass.json or .fail.json' }
  try {
    return { ...file, sample: parseSample(text, kind), fault: undefined }
  } catch (error) {
    /* A sample is no row of a source: the parser's message may quote it. */
    return { ...file, sample: undefined, fault: error instanceof Error ? error.message : 'no JSON' }
  }
}
