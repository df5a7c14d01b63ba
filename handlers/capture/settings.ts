import * as z from 'zod'
import { days, epoch, text } from '../runtime/read-settings.ts'

/** The environment of `capture`. */
export const captureSettings = z.object({
  AWS_REGION: text,
  TIDEMARK_RAW_TABLE: text,
  TIDEMARK_RAW_DAYS: days,
  TIDEMARK_QUARANTINE_TABLE: text,
  TIDEMARK_QUARANTINE_DAYS: days,
  TIDEMARK_EPOCH: epoch,
})
