/*
 * The command line as few files, made of the sources when they have changed: Node loads hundreds of TypeScript files in a
 * second, these in a tenth of it. They lie under node_modules/.cache and are only ever made again.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(root, 'node_modules', '.cache', 'tidemark')
const folders = [
  'core',
  'cost',
  'schemas',
  'ingest',
  'formatters',
  'lake',
  'glue',
  'engine',
  'state',
  'aws',
  'local',
  'stack',
  'contract-tools',
  'cli',
]
const language = join(root, 'contract-tools/load/contract-language.ts')
const KEPT = 4

/** The folder with `main.mjs` of the sources as they are now; undefined where it can be neither found nor made. */
export async function bundledCli() {
  const folder = join(cache, fingerprint())
  if (existsSync(folder)) return folder
  try {
    await build(folder)
    return folder
  } catch {
    /* A folder that cannot be written, or a source that does not compile: the sources themselves say it better. */
    return undefined
  }
}

/* Names, sizes and times of every source: reading them all would take longer than most commands. */
function fingerprint() {
  /* The bundle knows where its sources lie. */
  const hash = createHash('sha256').update(root)
  for (const path of ['package.json', 'package-lock.json', 'bin/bundle.mjs', ...folders.flatMap(sourcesIn)]) {
    const { size, mtimeMs } = statSync(join(root, path))
    hash.update(`${path}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 24)
}

function sourcesIn(folder) {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => `${folder}/${name}`)
}

async function build(folder) {
  const { build: bundle } = await import('esbuild')
  mkdirSync(cache, { recursive: true })
  const made = mkdtempSync(join(cache, 'new-'))
  try {
    await bundle({
      /* Contracts of a user's folder import the language: the instance that the commands have. */
      entryPoints: { main: join(root, 'cli/main.ts'), contract: join(root, 'core/contract/index.ts') },
      outdir: made,
      outExtension: { '.js': '.mjs' },
      absWorkingDir: root,
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'linked',
      keepNames: true,
      logLevel: 'silent',
      plugins: [ownAddress],
    })
    renameSync(made, folder)
  } catch (error) {
    rmSync(made, { recursive: true, force: true })
    /* Another process was first. */
    if (!existsSync(folder)) throw error
  }
  tidy()
}

/* A file that asks where it is means its source: what lies beside it is not bundled. */
const ownAddress = {
  name: 'own-address',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path === language)
        return { contents: `export const bundledLanguage = new URL('./contract.mjs', import.meta.url).href` }
      const text = readFileSync(path, 'utf8')
      if (!text.includes('import.meta.')) return undefined
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
      return { contents, loader: 'ts' }
    })
  },
}

/* A process that began with an older one has loaded it, or loads the rest of it within the minute. */
function tidy() {
  const made = readdirSync(cache)
    .map((name) => ({ path: join(cache, name), time: statSync(join(cache, name)).mtimeMs }))
    .sort((one, other) => other.time - one.time)
  for (const { path, time } of made.slice(KEPT))
    if (Date.now() - time > 3_600_000) rmSync(path, { recursive: true, force: true })
}
