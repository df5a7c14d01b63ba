import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { PipelineError } from '../../../core/failures/failures.ts'
import { OperationQueue } from '../../../local/operations/operation-queue.ts'
import {
  askOperation,
  folderHolder,
  lockFolder,
  type RequestHandler,
} from '../../../local/pipeline/folder-lock.ts'
import { tempFolder } from '../../support/temp-folder.ts'

const quiet = { signal: new AbortController().signal, onProgress: () => undefined }

async function served(handler: RequestHandler): Promise<string> {
  const folder = await tempFolder()
  const lock = await lockFolder(folder)
  onTestFinished(() => lock.release())
  lock.serve(handler)
  return folder
}

function socketOf(folder: string): string {
  return join(folder, 'lock')
}

async function dial(folder: string): Promise<Socket> {
  const socket = connect(socketOf(folder))
  socket.on('error', () => undefined)
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'data')
  return socket
}

test('a request is answered with its progress and its result, whatever letters it has', async () => {
  const folder = await served(async (request, { emit }) => {
    emit({ done: 1 })
    emit({ done: 2 })
    return { request }
  })
  const progress: unknown[] = []
  const request = { table: 'équipe.🦊'.repeat(20_000) }
  const answer = await askOperation(folder, request, { ...quiet, onProgress: (one) => progress.push(one) })
  expect(answer).toEqual({ request })
  expect(progress).toEqual([{ done: 1 }, { done: 2 }])
})

test('a failure keeps its code and words; of a foreign error only the name is sent', async () => {
  const folder = await served(async (request) => {
    if (request === 'known') throw new PipelineError('run/contract-changed', 'w.things v1 has changed')
    if (request === 'disk') throw Object.assign(new Error('Jeanne'), { code: 'ENOSPC' })
    throw new SyntaxError('Unexpected token J, "Jeanne" is not valid JSON')
  })
  await expect(askOperation(folder, 'known', quiet)).rejects.toMatchObject({
    code: 'run/contract-changed',
    message: 'w.things v1 has changed',
  })
  await expect(askOperation(folder, 'disk', quiet)).rejects.toMatchObject({
    code: 'run/failed',
    message: 'Error ENOSPC',
  })
  await expect(askOperation(folder, 'other', quiet)).rejects.toMatchObject({
    code: 'run/failed',
    message: 'SyntaxError',
  })
})

test('G7 only the owner of the folder may ask', async () => {
  const folder = await served(async () => 'done')
  expect((await stat(socketOf(folder))).mode & 0o777).toBe(0o600)
})

test('before it serves, and without anybody there, a request is refused', async () => {
  const folder = await tempFolder()
  await expect(askOperation(folder, {}, quiet)).rejects.toMatchObject({ code: 'run/not-running' })
  const lock = await lockFolder(folder)
  await expect(askOperation(folder, {}, quiet)).rejects.toMatchObject({ code: 'run/locked' })
  await lock.release()
})

test('a request that came while the holder was busy is answered, however long that was', async () => {
  const folder = await served(async () => 'done')
  const asked = askOperation(folder, {}, quiet)
  /* It is on its way; then nothing of this process runs for longer than a silent client may take. */
  await new Promise((resolve) => setImmediate(resolve))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100)
  expect(await asked).toBe('done')
})

test('G9 garbage, silence and a request without end are dropped, and the next one is answered', async () => {
  let asked = 0
  const folder = await served(async () => {
    asked += 1
    return 'done'
  })
  const garbage = await dial(folder)
  garbage.write(Buffer.from([0, 255, 10, 10]))
  const [answer] = await once(garbage, 'data')
  expect(JSON.parse(String(answer))).toMatchObject({ kind: 'error', code: 'usage/invalid' })
  const endless = await dial(folder)
  endless.write('x'.repeat(2 << 20))
  const silent = await dial(folder)
  /* Not `once`: a reset is an end like another. */
  const ended = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve))
  await Promise.all([ended(endless), ended(silent)])
  expect(asked).toBe(0)
  expect(await askOperation(folder, {}, quiet)).toBe('done')
  expect(await folderHolder(folder)).toBe(process.pid)
})

test('whoever goes away in the middle stops the operation, and nothing else', async () => {
  let stopped = 0
  const folder = await served(async (request, { emit, signal }) => {
    if (request === 'short') return 'done'
    while (!signal.aborted) {
      emit({ note: 'y'.repeat(1_000) })
      await sleep(1)
    }
    stopped += 1
    return 'stopped'
  })
  const gone = await dial(folder)
  gone.write('"long"\n')
  await once(gone, 'data')
  gone.destroy()
  while (stopped === 0) await sleep(5)
  expect(await askOperation(folder, 'short', quiet)).toBe('done')

  const stop = new AbortController()
  const asked = askOperation(folder, 'long', { signal: stop.signal, onProgress: () => stop.abort() })
  expect(await asked).toBe('stopped')
})

test('a holder that breaks off in the middle of its answer is a failure with a name', async () => {
  const folder = await tempFolder()
  const server = createServer((socket) => socket.end('1\n{"kind":"result","resu'))
  server.listen(socketOf(folder))
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  await expect(askOperation(folder, {}, quiet)).rejects.toMatchObject({ code: 'run/not-running' })
})

test('two operations at once run one after another, also when the first fails', async () => {
  const queue = new OperationQueue()
  const events: string[] = []
  const closed = () => new PipelineError('run/locked', 'stopping')
  const work = (name: string, end: () => string) => async () => {
    events.push(`${name} begins`)
    await sleep(5)
    events.push(`${name} ends`)
    return end()
  }
  const outcomes = await Promise.allSettled([
    queue.run(
      work('first', () => {
        throw new Error('no')
      }),
      closed,
    ),
    queue.run(
      work('second', () => 'fine'),
      closed,
    ),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
  const last = queue.run(
    work('third', () => 'fine'),
    closed,
  )
  await sleep(0)
  await queue.close()
  expect(await last).toBe('fine')
  await expect(
    queue.run(
      work('fourth', () => 'fine'),
      closed,
    ),
  ).rejects.toMatchObject({ code: 'run/locked' })
  expect(events).toHaveLength(6)
})
