import type { ClientSettings } from '../../aws/calls/clients.ts'
import type { RetryPolicy } from '../../aws/calls/retry.ts'

/** Waits of a few milliseconds, attempts enough for any plan of faults. */
export const quickRetry: RetryPolicy = {
  attempts: 14,
  baseMs: 1,
  capMs: 8,
  deadlineMs: 20_000,
  random: Math.random,
}

export function standInSettings(endpoint: string, requestTimeoutMs = 5_000): ClientSettings {
  return {
    region: 'eu-west-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestTimeoutMs,
  }
}
