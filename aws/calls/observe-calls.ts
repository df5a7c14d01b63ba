/** One request to a service. Never its content. */
export interface ObservedCall {
  /** As AWS calls it: `DynamoDB`, `S3`. */
  readonly service: string
  /** Of the request; 0 where its length is not known before it is sent. */
  readonly bytes: number
}

export type CallObserver = (call: ObservedCall) => void

interface Headers {
  readonly headers?: Readonly<Record<string, string>>
}

/** A client of the SDK, whose commands are not looked into. */
export interface Observable {
  readonly middlewareStack: { readonly add: (...given: never[]) => void }
}

type Next = (given: { readonly request?: Headers }) => Promise<unknown>
type AddMiddleware = (
  make: (next: Next, context: { readonly clientName?: string }) => Next,
  options: { readonly step: 'deserialize'; readonly priority: 'high'; readonly name: string },
) => void

/**
 * Tells of every request that a client sends, each attempt by itself. What the observer throws would fail the call, so it
 * must not.
 */
export function observeCalls(client: Observable, observe: CallObserver): void {
  const { middlewareStack } = client
  /* Its types differ with each client; the shape of this step is the same for all (SDK v3 developer guide, middleware stack). */
  const add = middlewareStack.add.bind(middlewareStack) as AddMiddleware
  add(
    (next, { clientName = '' }) =>
      (given) => {
        observe({
          service: clientName.replace(/Client$/, ''),
          bytes: Number(given.request?.headers?.['content-length'] ?? 0) || 0,
        })
        return next(given)
      },
    /* Inside of the SDK's own retries, where the request is whole, and outside of what makes an error of an answer. */
    { step: 'deserialize', priority: 'high', name: 'tidemarkObserve' },
  )
}
