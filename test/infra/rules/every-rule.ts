import { agreement } from './agreement.ts'
import { boards } from './boards.ts'
import { encryption } from './encryption.ts'
import { exposure } from './exposure.ts'
import { keeping } from './keeping.ts'
import { lake } from './lake.ts'
import { permissions } from './permissions.ts'
import { replication } from './replication.ts'
import { retries } from './retries.ts'
import type { Rule } from './rule.ts'
import { watching } from './watching.ts'

/** What must hold of the stacks, by what it is about. */
export const everyRule: Readonly<Record<string, readonly Rule[]>> = {
  encryption,
  exposure,
  permissions,
  retries,
  replication,
  keeping,
  lake,
  watching,
  boards,
  agreement,
}
