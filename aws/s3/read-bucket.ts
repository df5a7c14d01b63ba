import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { type CallName, callAws, isNamed } from '../calls/call-aws.ts'
import type { RetryPolicy } from '../calls/retry.ts'

const call: CallName = { code: 'objects/unavailable', what: 'S3' }

/** Whether there is such a bucket, and who asks may list it. Throws `objects/unavailable`, and `aws/refused` for who may not. */
export async function hasBucket(
  { client, retry }: { readonly client: S3Client; readonly retry: RetryPolicy },
  name: string,
): Promise<boolean> {
  return callAws(call, retry, async (abortSignal) => {
    try {
      await client.send(new HeadBucketCommand({ Bucket: name }), { abortSignal })
      return true
    } catch (error) {
      if (isNamed(error, 'NotFound', 'NoSuchBucket')) return false
      throw error
    }
  })
}
