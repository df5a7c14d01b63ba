export const wishesArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/wishes/stream/2026-11-01T00:00:00.000'

/** An item in DynamoDB's JSON; its key is `id`. */
export type Item = Readonly<Record<string, object>>

/** A record of a DynamoDB stream as Lambda hands it over. */
export function itemRecord(
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE',
  sequence: bigint,
  { before, after }: { readonly before?: Item; readonly after?: Item },
  more: object = {},
) {
  const { id } = after ?? before ?? {}
  return {
    eventID: 'e',
    eventName,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_000_000,
      Keys: { id },
      SequenceNumber: String(sequence).padStart(21, '0'),
      SizeBytes: 99,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ...(after === undefined ? {} : { NewImage: after }),
      ...(before === undefined ? {} : { OldImage: before }),
    },
    eventSourceARN: wishesArn,
    ...more,
  }
}
