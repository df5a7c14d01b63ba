#!/usr/bin/env node
/* Runs the TypeScript sources as they are: there is no build to know about. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

if (!existsSync(fileURLToPath(new URL('../node_modules/tsx', import.meta.url)))) await import('./setup.mjs')
const { register } = await import('tsx/esm/api')
register()
const { main } = await import('../cli/main.ts')
await main(process.argv)
