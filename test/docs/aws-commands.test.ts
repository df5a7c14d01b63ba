import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { shellCommands } from './shell-commands.ts'

const docs = resolve(import.meta.dirname, '../../docs')
const script = resolve(import.meta.dirname, 'aws-commands.py')

const commands = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => shellCommands(readFileSync(resolve(docs, name), 'utf8')))
  .flatMap(({ words }) => (words[0] === 'aws' ? [words] : []))

/* The models are those of Python's AWS tools; moto brings them. */
const isPossible = hasModels()

function hasModels(): boolean {
  try {
    execFileSync('python3', ['-c', 'import botocore'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function faultsOf(asked: readonly (readonly string[])[]): unknown {
  return JSON.parse(execFileSync('python3', [script], { input: JSON.stringify(asked), encoding: 'utf8' }))
}

const where = isPossible ? '' : ' (skipped: python3 has no botocore)'

test.runIf(isPossible)(`commands of AWS in documents are what AWS's models know${where}`, () => {
  expect(commands.length).toBeGreaterThan(100)
  expect(faultsOf(commands)).toEqual([])
})

test.runIf(isPossible)(`an operation, an option or a value that is none is named${where}`, () => {
  const wrong = [
    ['aws', 'dms', 'restart-replication-task'],
    ['aws', 'kinesis', 'describe-stream-summary', '--stream', 'x'],
    [
      'aws',
      'dms',
      'start-replication-task',
      '--replication-task-arn',
      'a',
      '--start-replication-task-type',
      'go',
    ],
  ]
  expect(faultsOf(wrong)).toEqual([
    'aws dms restart-replication-task: dms has no restart-replication-task',
    'aws kinesis describe-stream-summary: kinesis describe-stream-summary has no --stream',
    'aws dms start-replication-task: --start-replication-task-type is none of start-replication, resume-processing, reload-target',
  ])
})
