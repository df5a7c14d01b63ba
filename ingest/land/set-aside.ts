import type { PipelineError } from '../../core/failures/failures.ts'
import type { Quarantine } from '../../core/ports/ports.ts'

export interface SetAsideDeps {
  readonly quarantine: Pick<Quarantine, 'put'>
  /** Brings the object to another key, whole; the one it had may be gone then. */
  readonly move: (key: string, aside: string) => Promise<void>
}

/**
 * Takes a delivered object or a load file that cannot land into `landing/rejected/`, whole, with an entry in quarantine that
 * says why. The entry comes first: cut off between the two, the next call does both again. Whoever calls removes what is left
 * under the key.
 */
export async function setAside(
  key: string,
  { error: { code, message }, table }: { readonly error: PipelineError; readonly table: string | null },
  { quarantine, move }: SetAsideDeps,
): Promise<void> {
  const aside = key.replace(/^landing\/(?:changes\/)?/, 'landing/rejected/')
  const entry = { id: `landing#${key}`, stage: 'landing', table, contract: null, position: null } as const
  const payload = JSON.stringify({ object: aside })
  await quarantine.put([{ ...entry, reasons: [{ code, path: '', message }], payload, encoding: 'json' }])
  await move(key, aside)
}
