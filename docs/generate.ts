/* Writes the generated parts of the documents: `npm run docs`. A test compares them with the code. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generatedPages } from './generated-pages.ts'

for (const { file, text } of generatedPages) {
  const path = join(import.meta.dirname, file)
  writeFileSync(path, text(readIfThere(path)))
  process.stdout.write(`docs/${file}\n`)
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
