/* Events as Lambda hands them over, in the shapes that its documentation shows, with values of our own. */

const region = { awsRegion: 'eu-west-1' }

/** Sequence number of the nth record of a test's shard: 56 digits, as Kinesis gives them. */
export function kinesisSequence(index: number): string {
  return `49648${String(index).padStart(51, '0')}`
}

export function kinesisEvent(payloads: readonly (string | Buffer)[], first = 0) {
  return {
    Records: payloads.map((payload, index) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: `workforce.shops.${index}`,
        sequenceNumber: kinesisSequence(first + index),
        data: Buffer.from(payload).toString('base64'),
        approximateArrivalTimestamp: 1_795_000_000.123,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000006:${kinesisSequence(first + index)}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/capture',
      ...region,
      eventSourceARN: 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes',
    })),
  }
}

type Image = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Sequence number of the nth record of the raw table's stream: 25 digits. */
export function streamSequence(index: number): string {
  return `1${String(index).padStart(24, '0')}`
}

function streamRecord(eventName: string, index: number, image: Image, seen: object) {
  const { pk = {}, sk = {} } = image
  return {
    eventID: index.toString(16).padStart(32, '0'),
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    ...region,
    dynamodb: {
      ApproximateCreationDateTime: 1_795_000_001,
      Keys: { pk, sk },
      ...seen,
      SequenceNumber: streamSequence(index),
      SizeBytes: JSON.stringify(image).length,
      StreamViewType: 'NEW_IMAGE',
    },
    eventSourceARN: 'arn:aws:dynamodb:eu-west-1:123456789012:table/raw/stream/2026-11-01T00:00:00.000',
  }
}

/** What the stream of the raw table shows of puts. */
export function streamEvent(images: readonly Image[], eventName: 'INSERT' | 'MODIFY' = 'INSERT') {
  return {
    Records: images.map((image, index) => streamRecord(eventName, index, image, { NewImage: image })),
  }
}

/** What it shows when TTL removes items, where the view has old images. */
export function expiryEvent(images: readonly Image[]) {
  const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
  return {
    Records: images.map((image, index) => ({
      ...streamRecord('REMOVE', index, image, { OldImage: image }),
      userIdentity,
    })),
  }
}

/** A queue's event whose messages have these bodies. */
export function queueEvent(bodies: readonly string[]) {
  return {
    Records: bodies.map((body, index) => ({
      messageId: `message-${index}`,
      receiptHandle: 'AQEB',
      body,
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1795000002000', SenderId: 'S3' },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:landed',
      ...region,
    })),
  }
}

/** S3's notification that objects came; keys encoded as S3 does. */
export function createdNotice(
  bucket: string,
  keys: readonly string[],
  eventName = 'ObjectCreated:Put',
): string {
  const Records = keys.map((key) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    ...region,
    eventTime: '2026-11-23T10:00:02.000Z',
    eventName,
    userIdentity: { principalId: 'AWS:AROA:firehose' },
    requestParameters: { sourceIPAddress: '10.0.0.1' },
    responseElements: { 'x-amz-request-id': 'R', 'x-amz-id-2': 'I' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'landed',
      bucket: { name: bucket, ownerIdentity: { principalId: 'A' }, arn: `arn:aws:s3:::${bucket}` },
      object: { key: encodedKey(key), size: 1, eTag: 'd41d8cd98f00b204e9800998ecf8427e', sequencer: '00' },
    },
  }))
  return JSON.stringify({ Records })
}

/** What S3 sends when a notification is set up. */
export const testNotice = JSON.stringify({
  Service: 'Amazon S3',
  Event: 's3:TestEvent',
  Time: '2026-11-23T09:00:00.000Z',
  Bucket: 'lake',
  RequestId: 'R',
  HostId: 'I',
})

function encodedKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
}
