import type { QueryCommandInput } from '@aws-sdk/client-dynamodb'
import type { PositionRange } from '../../core/ports/ports.ts'

/** The query of a partition whose sort keys begin with a page's first position: pages that begin in the range. */
export function between(pk: string, { from, to }: PositionRange): Omit<QueryCommandInput, 'TableName'> {
  return {
    KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :end',
    ExpressionAttributeValues: {
      ':pk': { S: pk },
      /* `$` is the character after `#`, which follows the position; `~` is after every digit of one. */
      ':from': { S: from ?? ' ' },
      ':end': { S: to === undefined ? '~' : `${to}$` },
    },
  }
}
