import * as z from 'zod'

/** An object that came into a bucket. */
export interface S3Notice {
  readonly bucket: string
  /** Decoded. */
  readonly key: string
  /** Tells contents under one key apart: its version, or its ETag. */
  readonly version: string
}

/** A message of the queue; `body` is as S3 wrote it. */
export interface QueueMessage {
  readonly messageId: string
  readonly body: string
}

const queueEvent = z.object({
  Records: z.array(z.object({ messageId: z.string().min(1), body: z.string() })),
})
const object = z.object({ key: z.string(), eTag: z.string().optional(), versionId: z.string().optional() })
const record = z.object({
  eventName: z.string(),
  s3: z.object({ bucket: z.object({ name: z.string() }), object }),
})
const notification = z.union([
  z.object({ Records: z.array(record) }),
  /* S3 sends one when the notification is set up. */
  z.object({ Event: z.literal('s3:TestEvent') }).transform(() => ({ Records: [] })),
])

/** The messages of an SQS event. Throws ZodError for another event. */
export function queueMessages(event: unknown): readonly QueueMessage[] {
  return queueEvent.parse(event).Records
}

/** The created objects that a message names. Throws SyntaxError, URIError or ZodError for a body that S3 did not write. */
export function s3Notices(body: string): readonly S3Notice[] {
  const { Records: records } = notification.parse(JSON.parse(body))
  return records.flatMap(
    ({
      eventName,
      s3: {
        bucket,
        object: { key, versionId, eTag },
      },
    }) =>
      eventName.startsWith('ObjectCreated:')
        ? { bucket: bucket.name, key: decodedKey(key), version: versionId ?? eTag ?? '' }
        : [],
  )
}

/* S3 writes keys as forms do: a blank is a plus. */
function decodedKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '))
}
