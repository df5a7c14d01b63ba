import { once } from 'node:events'
import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Exchange {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** What the server behind the proxy answers. */
export type Forward = (exchange: Exchange) => Promise<Answer>

/** A fault handles an exchange in the server's place; `undefined` cuts the connection without an answer. */
export type Fault = (exchange: Exchange, forward: Forward) => Promise<Answer | undefined>

/** The fault of a request, or undefined to pass it on; requests are numbered from 1. */
export type FaultPlan = (exchange: Exchange, number: number) => Fault | undefined

export interface FaultProxy {
  readonly endpoint: string
  /** Faults met so far, so that a law can say that it was tried. */
  readonly met: () => number
  plan: FaultPlan
  /** Told what the server has done. */
  heard: (done: Exchange, answer: Answer) => void
  close(): Promise<void>
}

/**
 * An HTTP proxy before a stand-in of AWS, a port or a function. It reads whole requests and answers whole, and ends what it began with the server
 * also when the client is gone: dynalite does not survive a request that is cut off.
 */
export async function faultProxy(target: number | Forward): Promise<FaultProxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const ask: Forward = typeof target === 'number' ? (exchange) => forwardTo(target, agent, exchange) : target
  const forward = async (exchange: Exchange) => {
    const answer = await ask(exchange)
    proxy.heard(exchange, answer)
    return answer
  }
  let number = 0
  let met = 0
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = incoming
    const exchange = { method, url, headers, body: await bodyOf(incoming) }
    number += 1
    const fault = proxy.plan(exchange, number)
    if (fault !== undefined) met += 1
    const answer = await (fault === undefined ? forward(exchange) : fault(exchange, forward))
    if (answer === undefined) incoming.socket.destroy()
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body)
  }
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy())
  })
  server.keepAliveTimeout = 120_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: own } = server.address() as AddressInfo
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${own}`,
    met: () => met,
    plan: () => undefined,
    heard: () => undefined,
    close: async () => {
      server.closeAllConnections()
      server.close()
      agent.destroy()
    },
  }
  return proxy
}

async function forwardTo(port: number, agent: Agent, exchange: Exchange): Promise<Answer> {
  const { 'transfer-encoding': _, ...headers } = exchange.headers
  const sent = httpRequest({
    port,
    host: '127.0.0.1',
    agent,
    method: exchange.method,
    path: exchange.url,
    headers: { ...headers, 'content-length': exchange.body.length },
  })
  sent.end(exchange.body)
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (answer === undefined) throw new Error('no answer')
  const body = await bodyOf(answer)
  const { 'transfer-encoding': __, connection: ___, ...rest } = answer.headers
  /* The answer to a HEAD has the length of what it does not hold. */
  const length = exchange.method === 'HEAD' ? {} : { 'content-length': String(body.length) }
  return { status: answer.statusCode ?? 500, headers: { ...rest, ...length }, body }
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The operation of a JSON protocol: `PutRecordBatch`. Empty for S3. */
export function operationOf({ headers }: Exchange): string {
  return String(headers['x-amz-target'] ?? '').replace(/^.*\./, '')
}

/** An error as the service of the request writes it. */
export function errorAnswer(exchange: Exchange, status: number, name: string): Answer {
  const isJson = operationOf(exchange) !== ''
  const body = Buffer.from(
    isJson
      ? JSON.stringify({ __type: name, message: 'injected' })
      : `<?xml version="1.0"?><Error><Code>${name}</Code><Message>injected</Message></Error>`,
  )
  const type = isJson ? 'application/x-amz-json-1.0' : 'application/xml'
  return { status, headers: { 'content-type': type, 'content-length': String(body.length) }, body }
}

/* What each service says when it is asked too often. */
const throttles: Readonly<Record<string, readonly [number, string]>> = {
  dynamodb: [400, 'ProvisionedThroughputExceededException'],
  firehose: [503, 'ServiceUnavailableException'],
  s3: [503, 'SlowDown'],
  json: [400, 'ThrottlingException'],
}

export const faults = {
  throttle: async (exchange) => {
    const target = String(exchange.headers['x-amz-target'] ?? '')
    const service = target === '' ? 's3' : target.startsWith('DynamoDB') ? 'dynamodb' : 'json'
    const [status, name] = throttles[target.startsWith('Firehose') ? 'firehose' : service] ?? [
      400,
      'Throttling',
    ]
    return errorAnswer(exchange, status, name)
  },
  'an error of the service': async (exchange) => errorAnswer(exchange, 500, 'InternalServerError'),
  'a cut before the request arrives': async () => undefined,
  'a cut after the write': async (exchange, forward) => {
    await forward(exchange)
    return undefined
  },
  'an answer that is cut in half': async (exchange, forward) => {
    const answer = await forward(exchange)
    const length = answer.body.length
    /* Too few bytes for what the header says, then a closed connection. */
    return length < 2
      ? undefined
      : {
          ...answer,
          headers: { ...answer.headers, connection: 'close' },
          body: answer.body.subarray(0, length >> 1),
        }
  },
  'an answer after the time-out': async (exchange, forward) => {
    const answer = await forward(exchange)
    await sleep(SLOW_MS)
    return answer
  },
} as const satisfies Record<string, Fault>

/** How long a slow answer takes; clients of the tests wait less. */
export const SLOW_MS = 1_200

/** Every so many requests, beginning with the first. */
export function every(count: number, fault: Fault): FaultPlan {
  return (_, number) => ((number - 1) % count === 0 ? fault : undefined)
}
