import * as z from 'zod'
import { days, epoch, text } from '../runtime/read-settings.ts'

/* Changes of two tables have no common order, so each is a source table of its own. */
const names = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/),
    z.string().regex(/^[A-Za-z_][\w$-]*\.[A-Za-z_][\w$-]*$/),
  )
  .refine((tables) => Object.keys(tables).length > 0)
  .refine((tables) => new Set(Object.values(tables)).size === Object.keys(tables).length)

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
      context.issues.push({
        code: 'custom',
        message:
          'is no JSON that says a source table, service.table, for each DynamoDB table, another for each',
        input: '',
      })
      return z.NEVER
    }
  }),
})
