import { PipelineError } from '../../core/failures/failures.ts'
import type { RequestAnswer } from '../../core/operations/answers.ts'
import { objectsRequest } from '../../core/operations/stack-requests.ts'
import type { BatchResponse } from '../runtime/lambda-stage.ts'
import { runEach } from '../runtime/run-each.ts'
import { runRequest } from '../runtime/run-request.ts'
import { type LandNoticeDeps, landNotice } from './land-notice.ts'
import { queueMessages, s3Notices } from './s3-notices.ts'

/**
 * Lands what the messages of a queue tell of, or the objects that an operator names; landing one again overwrites its
 * files. Throws ZodError for another event.
 */
export async function landEvent(
  event: unknown,
  deps: LandNoticeDeps,
): Promise<BatchResponse | RequestAnswer> {
  const request = objectsRequest.safeParse(event)
  if (request.success) return runRequest(request.data.objects, (key) => reland(key, deps), deps.stage)
  return runEach(
    queueMessages(event),
    async ({ body }) => {
      for (const notice of s3Notices(body)) await landNotice(notice, deps)
    },
    deps.stage,
  )
}

async function reland(key: string, deps: LandNoticeDeps): Promise<boolean> {
  try {
    await landNotice({ bucket: deps.bucket, key, version: '' }, deps)
    return true
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'objects/missing') return false
    throw error
  }
}
