import * as z from 'zod'
import { days, epoch, text } from '../runtime/read-settings.ts'

const names = z.record(z.string().min(1), z.string().regex(/^[^.]+\.[^.]+$/))

/** The environment of `capture-service`. */
export const captureServiceSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_EPOCH: epoch,
  /** JSON: source table, `service.table`, of each DynamoDB table. */
  TIDEMARK_SERVICE_TABLES: text.transform((json, context) => {
    try {
      return names.parse(JSON.parse(json))
    } catch {
      context.issues.push({ code: 'custom', message: 'is no JSON of table names', input: '' })
      return z.NEVER
    }
  }),
})
