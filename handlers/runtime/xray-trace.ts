import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import type { Environment } from './read-settings.ts'

/** A part of the work of an invocation: its name, when it was done, and how it ended. */
export interface TracedPart {
  readonly name: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  readonly isFailed: boolean
  /** Of a request to a service. */
  readonly aws?: { readonly operation: string; readonly status: number | null; readonly isThrottled: boolean }
}

/** Where the parts of an invocation go. None of its calls throws or keeps the work waiting. */
export interface Trace {
  /** Begins an invocation; what follows belongs to it. */
  begin(): void
  /** Id of a part that will be recorded, for parts within it; undefined when nothing is traced. */
  newId(): string | undefined
  /** Records a part, within another one or directly in the invocation. */
  record(part: TracedPart, id?: string, within?: string): void
  /** Sends what was recorded. */
  end(): Promise<void>
}

/** Of one invocation: the trace must not cost more than the work. */
const MAX_PARTS = 100
/* A datagram has at most 64 KB; the daemon takes one document in each. */
const HEADER = '{"format":"json","version":1}\n'
const SEND_MS = 200

interface Invocation {
  readonly traceId: string
  readonly parent: string
}

/**
 * Subsegments for X-Ray, sent to the daemon that Lambda runs beside a function with active tracing (X-Ray developer guide:
 * segment documents, sending to the daemon). Only of invocations that Lambda samples; of those the first 100 parts.
 * Names and numbers only.
 */
export class XrayTrace implements Trace {
  private readonly environment: Environment
  private invocation: Invocation | undefined
  private documents: string[] = []
  private socket: Socket | undefined

  /** `environment` is read at each invocation: Lambda changes the trace in it. */
  constructor(environment: Environment) {
    this.environment = environment
  }

  begin(): void {
    this.documents = []
    this.invocation = invocationOf(this.environment['_X_AMZN_TRACE_ID'])
  }

  newId(): string | undefined {
    return this.invocation === undefined ? undefined : randomBytes(8).toString('hex')
  }

  record(part: TracedPart, id = this.newId(), within?: string): void {
    if (this.invocation === undefined || this.documents.length >= MAX_PARTS) return
    const { traceId, parent } = this.invocation
    const { name, startedAt, endedAt, isFailed, aws } = part
    this.documents.push(
      JSON.stringify({
        ...{ name, id, trace_id: traceId, parent_id: within ?? parent, type: 'subsegment' },
        ...{ start_time: startedAt / 1_000, end_time: endedAt / 1_000 },
        ...(aws === undefined ? failure(isFailed, null, false) : ofService(aws, isFailed)),
      }),
    )
  }

  async end(): Promise<void> {
    const address = daemonAddress(this.environment['AWS_XRAY_DAEMON_ADDRESS'])
    const documents = this.documents
    this.documents = []
    if (address === undefined || documents.length === 0) return
    const socket = this.opened()
    const sent = documents.map(
      (document) =>
        new Promise<void>((resolve) =>
          socket.send(`${HEADER}${document}`, address.port, address.host, () => resolve()),
        ),
    )
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, SEND_MS)
    })
    await Promise.race([Promise.all(sent), late])
    clearTimeout(timer)
  }

  private opened(): Socket {
    if (this.socket === undefined) {
      this.socket = createSocket('udp4')
      /* A daemon that is not there is nobody's failure. */
      this.socket.on('error', () => undefined)
      this.socket.unref()
    }
    return this.socket
  }
}

/** For functions without a trace, and tests. */
export const noTrace: Trace = {
  begin: () => undefined,
  newId: () => undefined,
  record: () => undefined,
  end: async () => undefined,
}

function ofService({ operation, status, isThrottled }: NonNullable<TracedPart['aws']>, isFailed: boolean) {
  return {
    ...{ namespace: 'aws', aws: { operation } },
    ...(status === null ? {} : { http: { response: { status } } }),
    ...failure(isFailed, status, isThrottled),
  }
}

/* A request that was wrong is an error, one that the service could not do a fault. */
function failure(isFailed: boolean, status: number | null, isThrottled: boolean) {
  if (!isFailed) return {}
  if (isThrottled) return { error: true, throttle: true }
  return status !== null && status < 500 ? { error: true } : { fault: true }
}

/* `Root=1-…;Parent=…;Sampled=1`, and perhaps more. */
function invocationOf(header = ''): Invocation | undefined {
  const fields = new Map(header.split(';').map((field): [string, string] => splitAt(field, '=')))
  const [traceId = '', parent = ''] = [fields.get('Root'), fields.get('Parent')]
  const isSampled = fields.get('Sampled') === '1'
  return isSampled && /^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(traceId) && /^[0-9a-f]{16}$/.test(parent)
    ? { traceId, parent }
    : undefined
}

/* `host:port`, or `tcp:host:port udp:host:port`. */
function daemonAddress(text = ''): { readonly host: string; readonly port: number } | undefined {
  const parts = text.split(/\s+/)
  const chosen = parts.find((part) => part.startsWith('udp:'))?.slice(4) ?? parts[0] ?? ''
  const [, host, port] = /^([^:]+):(\d{1,5})$/.exec(chosen) ?? []
  return host === undefined ? undefined : { host, port: Number(port) }
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}
