import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import * as z from 'zod'
import { isFailureCode, PipelineError } from '../../core/failures/failures.ts'
import { readJson } from '../../core/json.ts'
import { checkOwner, holderOf, holdSocket, lockAddress } from './lock-socket.ts'

/** What a request comes with: a way to send progress, and a signal for when whoever asked wants no more of it. */
export interface RequestContext {
  readonly emit: (progress: unknown) => void
  readonly signal: AbortSignal
}

/** Answers a request of another process. A failure of its own words must be a `PipelineError`: of others only the name is sent. */
export type RequestHandler = (request: unknown, context: RequestContext) => Promise<unknown>

/** The exclusive use of a run folder. */
export interface FolderLock {
  /** From now on other processes of the same user may ask for operations. */
  serve(handler: RequestHandler): void
  release(): Promise<void>
}

/**
 * Takes a folder for this process. The lock is a listening socket in the folder, so it ends with the process, however that
 * dies. Throws `run/locked` when another process has it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const holder: Holder = { handler: undefined }
  const held = await holdSocket(folder, (socket) => attend(socket, holder))
  if (held === undefined) throw new PipelineError('run/locked', `another Tidemark runs in ${folder}`)
  held.server.unref()
  return {
    serve: (handler) => {
      holder.handler = handler
    },
    release: () => {
      holder.handler = undefined
      return held.release()
    },
  }
}

/** Process id of the Tidemark that runs in the folder, 0 when it is too busy to say; undefined when none does. */
export function folderHolder(folder: string): Promise<number | undefined> {
  return holderOf(folder)
}

/**
 * Asks the process that holds a folder for an operation, and passes its progress on. At the signal that one is told to
 * stop, and has a little time to say where. Throws the failure it answers with, or `run/not-running` when it breaks off.
 */
export async function askOperation(
  folder: string,
  request: unknown,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: unknown) => void },
): Promise<unknown> {
  await checkOwner(folder)
  const address = await lockAddress(folder)
  const socket = connect(address.name)
  socket.on('error', () => undefined)
  let late: NodeJS.Timeout | undefined
  const stop = () => {
    socket.end()
    late = setTimeout(() => socket.destroy(), STOP_MS)
  }
  let answer: z.infer<typeof answerLine> | undefined
  /* The first line is the process id; the request goes at once. */
  socket.write(`${JSON.stringify(request)}\n`)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const line of createInterface({ input: socket })) {
      /* A line that a crash cut off is no answer. */
      const message = answerLine.safeParse(readJson(line)).data
      if (message?.kind === 'progress') onProgress(message.progress)
      else answer = message ?? answer
    }
  } catch (cause) {
    throw new PipelineError('run/not-running', `the Tidemark that ran in ${folder} broke off`, { cause })
  } finally {
    signal.removeEventListener('abort', stop)
    clearTimeout(late)
    socket.destroy()
    await address.close()
  }
  if (answer?.kind === 'result') return answer.result
  if (answer?.kind === 'error' && isFailureCode(answer.code))
    throw new PipelineError(answer.code, answer.message)
  throw new PipelineError('run/not-running', `the Tidemark that ran in ${folder} broke off`)
}

const answerLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), progress: z.unknown() }),
  z.object({ kind: z.literal('result'), result: z.unknown() }),
  z.object({ kind: z.literal('error'), code: z.string(), message: z.string() }),
])

interface Holder {
  handler: RequestHandler | undefined
}

const MAX_REQUEST_BYTES = 1 << 20
const REQUEST_MS = 2_000
/* Progress that nobody reads is left out. */
const MAX_UNREAD_BYTES = 64 << 10
const STOP_MS = 30_000

/* Says who it is at once; a client that wants more sends one line, in time. */
function attend(socket: Socket, holder: Holder): void {
  socket.setEncoding('utf8')
  socket.on('error', () => undefined)
  socket.write(`${process.pid}\n`)
  /* A process that was busy for so long first reads what came meanwhile. */
  let last: NodeJS.Immediate | undefined
  const silent = setTimeout(() => {
    last = setImmediate(() => socket.destroy())
  }, REQUEST_MS)
  const heard = () => {
    clearTimeout(silent)
    clearImmediate(last)
  }
  socket.on('close', heard)
  const stop = new AbortController()
  let text = ''
  const listen = (piece: string) => {
    text += piece
    const end = text.indexOf('\n')
    if (text.length > MAX_REQUEST_BYTES) socket.destroy()
    if (end < 0 || socket.destroyed) return
    heard()
    socket.off('data', listen)
    socket.off('end', hangUp)
    socket.on('close', () => stop.abort())
    socket.on('end', () => stop.abort())
    /* Whatever comes after the line is read and dropped, or the end would never be seen. */
    socket.resume()
    void answerRequest(socket, { handler: holder.handler, signal: stop.signal }, text.slice(0, end))
  }
  const hangUp = () => socket.end()
  socket.on('data', listen)
  socket.on('end', hangUp)
}

async function answerRequest(
  socket: Socket,
  { handler, signal }: { readonly handler: RequestHandler | undefined; readonly signal: AbortSignal },
  line: string,
): Promise<void> {
  const send = (message: z.infer<typeof answerLine>) => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`)
  }
  const emit = (progress: unknown) => {
    if (socket.writableLength < MAX_UNREAD_BYTES) send({ kind: 'progress', progress })
  }
  try {
    if (handler === undefined)
      throw new PipelineError('run/locked', 'the running Tidemark is starting or stopping')
    const result = await handler(requestOf(line), { emit, signal })
    send({ kind: 'result', result })
  } catch (error) {
    send({ kind: 'error', ...failureOf(error) })
  }
  socket.end()
}

function requestOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new PipelineError('usage/invalid', 'the request is not JSON')
  }
}

/* The text of a foreign error may quote what it could not read. */
function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof PipelineError) return { code: error.code, message: error.message }
  if (!(error instanceof Error)) return { code: 'run/failed', message: 'an unknown error' }
  const detail = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  return { code: 'run/failed', message: `${error.name}${detail}` }
}
