import type { BatchResponse, LambdaStage } from './lambda-stage.ts'

/** Works through messages of a queue, each by itself: Lambda hands over again those that failed or were not begun. */
export async function runEach<M extends { readonly messageId: string }>(
  messages: readonly M[],
  work: (message: M) => Promise<void>,
  stage: LambdaStage,
): Promise<BatchResponse> {
  const failed: { itemIdentifier: string }[] = []
  for (const message of messages) {
    const { messageId: itemIdentifier } = message
    if (stage.isOver) {
      stage.log.warn('stage.deadline', { message: itemIdentifier })
      failed.push({ itemIdentifier })
      continue
    }
    try {
      await work(message)
    } catch (error) {
      stage.failed(error, { message: itemIdentifier })
      failed.push({ itemIdentifier })
    }
  }
  return { batchItemFailures: failed }
}
