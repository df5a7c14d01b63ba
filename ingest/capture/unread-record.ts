import { PipelineError } from '../../core/failures/failures.ts'
import type { CertainParts } from './certain-parts.ts'

/** A record that waits in quarantine as a whole, and what is certain of it nevertheless. */
export class UnreadRecord extends PipelineError {
  readonly parts: CertainParts

  constructor({ code, message, cause }: PipelineError, parts: CertainParts) {
    super(code, message, { cause })
    this.name = 'UnreadRecord'
    this.parts = parts
  }
}
