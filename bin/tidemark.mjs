#!/usr/bin/env node
/* Runs the TypeScript sources: bundled when they were last changed, or else as they are. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

if (!existsSync(fileURLToPath(new URL('../node_modules/tsx', import.meta.url)))) await import('./setup.mjs')
/* The AWS SDK warns of Node.js 20 in eight lines; which one is needed is ours to say, in the README. */
// biome-ignore lint/style/noProcessEnv: the SDK reads it there
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
const { bundledCli } = await import('./bundle.mjs')
const folder = await bundledCli()
process.setSourceMapsEnabled(true)
if (folder === undefined) (await import('tsx/esm/api')).register()
const { main } = await import(
  folder === undefined ? '../cli/main.ts' : pathToFileURL(join(folder, 'main.mjs')).href
)
await main(process.argv)
