/*
 * Bundles the handlers for Lambda: `dist/handlers/<name>/index.mjs` with everything it imports, and its source map beside
 * it, and for those that use DuckDB its native package, which no bundle can hold. Beside each
 * lies `<name>.zip`, what a function is made of: the same sources give the same bytes. `--out <folder>` puts them
 * elsewhere, `--unzipped` leaves the archives out and is three times as fast: what handlers share is read once, and how
 * short names are given depends on all of them. `--cold` also times the import of each in fresh processes.
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { zipSync } from 'fflate'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: { out: { type: 'string' }, cold: { type: 'boolean' }, unzipped: { type: 'boolean' } },
})
const out = resolve(values.out ?? join(root, 'dist/handlers'))
const names = readdirSync(join(root, 'handlers')).filter((name) =>
  existsSync(join(root, 'handlers', name, 'handler.ts')),
)

/* CommonJS inside of a module asks for these. */
const banner = [
  `import { createRequire as tidemarkRequire } from 'node:module';`,
  `const require = tidemarkRequire(import.meta.url);`,
  'const __dirname = import.meta.dirname, __filename = import.meta.filename;',
].join('')

/* Of the machine that builds; a function runs on the same architecture, and Lambda's Linux has glibc. */
const duckdb = `@duckdb/node-bindings-${process.platform}-${process.arch}`

/* Snappy, of the machine that builds; a function runs on the same architecture. It is copied beside the bundle. */
const nativeBeside = {
  name: 'native-beside',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /\.node$/ }, ({ path }) => ({
      contents: `module.exports = require('./${basename(path)}')`,
    }))
    onResolve({ filter: /\.node$/ }, ({ path, importer }) =>
      importer.endsWith('.node') ? { path, external: true } : undefined,
    )
  },
}

rmSync(out, { recursive: true, force: true })
/* Each by itself: the bytes of one do not depend on another. */
const together = values.unzipped === true ? [names] : names.map((name) => [name])
const built = await Promise.all(
  together.map((group) =>
    build({
      entryPoints: Object.fromEntries(
        group.map((name) => [`${name}/index`, join(root, 'handlers', name, 'handler.ts')]),
      ),
      outdir: out,
      outExtension: { '.js': '.mjs' },
      absWorkingDir: root,
      bundle: true,
      minify: true,
      keepNames: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      mainFields: ['module', 'main'],
      sourcemap: 'external',
      legalComments: 'none',
      banner: { js: banner },
      plugins: [nativeBeside],
      /* Found beside the bundle, or not asked for. */
      external: ['@duckdb/node-bindings-*', 'pg-native'],
      metafile: true,
      logLevel: 'error',
    }),
  ),
)
const inputsOf = Object.fromEntries(
  built
    .flatMap(({ metafile }) => Object.values(metafile.outputs))
    .filter(({ entryPoint }) => entryPoint !== undefined)
    .map(({ entryPoint, inputs }) => [basename(dirname(entryPoint)), Object.keys(inputs)]),
)

for (const name of names) {
  const inputs = inputsOf[name]
  for (const native of inputs.filter((input) => input.endsWith('.node')))
    copyFileSync(join(root, native), join(out, name, basename(native)))
  if (inputs.some((input) => input.includes('node_modules/@duckdb/node-api/')))
    cpSync(join(root, 'node_modules', duckdb), join(out, name, 'node_modules', duckdb), {
      recursive: true,
      dereference: true,
    })
  const sizes = readdirSync(join(out, name))
    .filter((file) => !file.endsWith('.map') && file !== 'node_modules')
    .map((file) => `${file} ${Math.ceil(statSync(join(out, name, file)).size / 1024)} KiB`)
  if (values.unzipped !== true) sizes.push(`zip ${zip(join(out, name))} KiB`)
  const cold = values.cold === true ? `, import ${coldStart(join(out, name, 'index.mjs'))} ms` : ''
  process.stdout.write(`${name}: ${sizes.join(', ')}${cold}\n`)
}

/* Sorted, and with one time for all, so that a function changes only when its content does. Source maps stay out. */
function zip(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const contents = Object.fromEntries(
    files.map((file) => [file.slice(folder.length + 1).replaceAll('\\', '/'), readFileSync(file)]),
  )
  const archive = zipSync(contents, { level: 6, mtime: new Date(2000, 0, 1) })
  writeFileSync(`${folder}.zip`, archive)
  return Math.ceil(archive.length / 1024)
}

/* The median of seven fresh processes, milliseconds; the start of the process itself is not counted. */
function coldStart(file) {
  const program = `const begin = performance.now(); await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(performance.now() - begin)`
  const texts = [
    'RAW_TABLE',
    'QUARANTINE_TABLE',
    'LEDGER_TABLE',
    'STREAM',
    'MASK_SECRET',
    'LOAD_TASK',
    'LOAD_ENDPOINT',
    'SOURCE_SECRET',
    'BUCKET',
    'CATALOG_PREFIX',
  ]
  const env = {
    AWS_REGION: 'eu-west-1',
    ...Object.fromEntries(texts.map((name) => [`TIDEMARK_${name}`, 'x'])),
    ...{
      TIDEMARK_SYSTEMS: 'workforce-postgres',
      TIDEMARK_RAW_DAYS: '1',
      TIDEMARK_QUARANTINE_DAYS: '1',
      TIDEMARK_EPOCH: '0',
      TIDEMARK_SERVICE_TABLES: '{}',
    },
  }
  const times = Array.from({ length: 7 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env,
    })
    if (status !== 0) throw new Error(`${file} cannot be imported: ${stderr}`)
    return Number(stdout.toString())
  })
  return Math.round(times.sort((left, right) => left - right)[3])
}
