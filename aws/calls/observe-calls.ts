/** One request to a service, as it went. Never its content. */
export interface ObservedCall {
  /** As AWS calls it: `DynamoDB`, `S3`. */
  readonly service: string
  readonly operation: string
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
  /** Of the request; 0 where its length is not known before it is sent. */
  readonly bytes: number
  /** HTTP status; null when no answer came. */
  readonly status: number | null
  /** Name of the error; null of an answer that is none. */
  readonly error: string | null
}

export type CallObserver = (call: ObservedCall) => void

interface Headers {
  readonly headers?: Readonly<Record<string, string>>
}
interface Answer {
  readonly response?: { readonly statusCode?: number }
}

/** A client of the SDK, whose commands are not looked into. */
export interface Observable {
  readonly middlewareStack: { readonly add: (...given: never[]) => void }
}

type Next = (given: { readonly request?: Headers }) => Promise<Answer>
type AddMiddleware = (
  make: (next: Next, context: { readonly clientName?: string; readonly commandName?: string }) => Next,
  options: { readonly step: 'deserialize'; readonly priority: 'high'; readonly name: string },
) => void

/**
 * Tells of every request that a client sends, each attempt by itself. What the observer throws would fail the call, so it
 * must not.
 */
export function observeCalls(client: Observable, observe: CallObserver, now: () => number = Date.now): void {
  const { middlewareStack } = client
  /* Its types differ with each client; the shape of this step is the same for all (SDK v3 developer guide, middleware stack). */
  const add = middlewareStack.add.bind(middlewareStack) as AddMiddleware
  add(
    (next, { clientName = '', commandName = '' }) =>
      async (given) => {
        const startedAt = now()
        const told = (status: number | null, error: string | null) =>
          observe({
            service: clientName.replace(/Client$/, ''),
            operation: commandName.replace(/Command$/, ''),
            ...{ startedAt, endedAt: now(), status, error },
            bytes: Number(given.request?.headers?.['content-length'] ?? 0) || 0,
          })
        try {
          const result = await next(given)
          told(result.response?.statusCode ?? null, null)
          return result
        } catch (error) {
          const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
          told($metadata?.httpStatusCode ?? null, String(name ?? 'unknown'))
          throw error
        }
      },
    /* Inside of the SDK's own retries, where the request is whole, and outside of what makes an error of an answer. */
    { step: 'deserialize', priority: 'high', name: 'tidemarkObserve' },
  )
}
