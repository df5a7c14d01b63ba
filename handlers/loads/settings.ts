import * as z from 'zod'
import { epoch, systems, text } from '../runtime/read-settings.ts'

/** The environment of `loads`. */
export const loadsSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_BUCKET: text,
  TIDEMARK_CATALOG_PREFIX: z.string(),
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_EPOCH: epoch,
  /** Systems of the contracts whose tables the task can read. */
  TIDEMARK_SYSTEMS: systems,
  /** ARN of the full-load task, and of its S3 target endpoint. */
  TIDEMARK_LOAD_TASK: text,
  TIDEMARK_LOAD_ENDPOINT: text,
  /** Role to take for DMS in another account. */
  TIDEMARK_SOURCE_ROLE: text.optional(),
})
