import { json } from './fake-partial-faults.ts'
import {
  type Answer,
  type Exchange,
  errorAnswer,
  type FaultProxy,
  type Forward,
  faultProxy,
} from './fault-proxy.ts'

/** What a service answers: its document, or the name of its error. */
export type Said = object | { readonly error: string } | undefined
type Says = (body: Readonly<Record<string, unknown>>) => Said

/**
 * A stack as its services describe it, on one port: JSON protocols by `Service.Operation` of their target, functions of Lambda by
 * name, objects of S3 by bucket and key. What nobody seeded is `InvalidAction`, so that a test knows of each call.
 */
export class FakeStack {
  /** `AmazonSQS.GetQueueAttributes`, without a version in its service. */
  readonly says = new Map<string, Says>()
  readonly objects = new Map<string, string>()
  readonly functions = new Map<string, Said>()
  /** Event source mappings by function. */
  readonly eventSources = new Map<string, readonly object[]>()
  readonly buckets = new Set<string>()
  /** Doubles of whole services, by the service of the target. */
  readonly services = new Map<string, Forward>()
  /** Operations whose caller may not. */
  readonly denied = new Set<string>()
  readonly asked: string[] = []
  private proxy: FaultProxy | undefined

  async open(): Promise<string> {
    this.proxy = await faultProxy(async (exchange) => this.answer(exchange))
    return this.proxy.endpoint
  }

  async close(): Promise<void> {
    await this.proxy?.close()
  }

  private answer(exchange: Exchange): Answer | Promise<Answer> {
    const target = String(exchange.headers['x-amz-target'] ?? '')
    if (target !== '') return this.ofJson(exchange, target.replace(/(v?_?\d+)?\./, '.'))
    const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/configuration/.exec(exchange.url) ?? []
    if (name !== undefined) return this.ofFunction(exchange, name)
    return exchange.url.startsWith('/2015-03-31/event-source-mappings')
      ? this.ofEventSources(exchange)
      : this.ofObjects(exchange)
  }

  private ofJson(exchange: Exchange, operation: string): Answer | Promise<Answer> {
    this.asked.push(operation)
    if (this.denied.has(operation)) return errorAnswer(exchange, 400, 'AccessDeniedException')
    const service = this.services.get(operation.split('.')[0] ?? '')
    if (service !== undefined) return service(exchange)
    const said = this.says.get(operation)?.(JSON.parse(exchange.body.toString() || '{}'))
    if (said === undefined) return errorAnswer(exchange, 400, 'InvalidAction')
    return 'error' in said ? errorAnswer(exchange, 400, String(said.error)) : json(said)
  }

  private ofFunction(exchange: Exchange, name: string): Answer {
    const operation = 'Lambda.GetFunctionConfiguration'
    this.asked.push(operation)
    if (this.denied.has(operation)) return lambdaError('AccessDeniedException', 403)
    const said = this.functions.get(decodeURIComponent(name))
    if (said === undefined) return lambdaError('ResourceNotFoundException', 404)
    return exchange.method === 'GET' ? json(said) : lambdaError('InvalidAction', 400)
  }

  private ofEventSources({ url }: Exchange): Answer {
    this.asked.push('Lambda.ListEventSourceMappings')
    if (this.denied.has('Lambda.ListEventSourceMappings')) return lambdaError('AccessDeniedException', 403)
    const name = new URL(url, 'http://stack').searchParams.get('FunctionName') ?? ''
    return json({ EventSourceMappings: this.eventSources.get(name) ?? [] })
  }

  private ofBucket(name: string): Answer {
    this.asked.push('S3.HeadBucket')
    if (this.denied.has('S3.HeadBucket')) return headers(403)
    return headers(this.buckets.has(name) ? 200 : 404)
  }

  private ofObjects(exchange: Exchange): Answer {
    const { pathname, searchParams } = new URL(exchange.url, 'http://stack')
    if (exchange.method === 'HEAD') return this.ofBucket(pathname.split('/')[1] ?? '')
    const operation = searchParams.has('list-type') ? 'S3.ListObjectsV2' : 'S3.GetObject'
    this.asked.push(operation)
    if (this.denied.has(operation)) return errorAnswer(exchange, 403, 'AccessDenied')
    if (operation === 'S3.GetObject') {
      const content = this.objects.get(decodeURIComponent(pathname.slice(1)))
      return content === undefined ? errorAnswer(exchange, 404, 'NoSuchKey') : plain(content, 'text/plain')
    }
    const bucket = pathname.split('/')[1] ?? ''
    const prefix = `${bucket}/${searchParams.get('prefix') ?? ''}`
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    const contents = keys.map((key) => `<Contents><Key>${key.slice(bucket.length + 1)}</Key></Contents>`)
    return plain(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
      'application/xml',
    )
  }
}

function headers(status: number): Answer {
  return { status, headers: { 'content-length': '0' }, body: Buffer.alloc(0) }
}

function plain(text: string, type: string): Answer {
  const body = Buffer.from(text)
  return { status: 200, headers: { 'content-type': type, 'content-length': String(body.length) }, body }
}

function lambdaError(name: string, status: number): Answer {
  const answer = json({ Message: 'injected' }, status)
  return { ...answer, headers: { ...answer.headers, 'x-amzn-errortype': name } }
}
