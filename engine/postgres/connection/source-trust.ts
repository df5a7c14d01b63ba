import { readFile } from 'node:fs/promises'
import { PipelineError } from '../../../core/failures/failures.ts'
import type { Source } from './source-connection.ts'

/** The word that allows a connection in the clear. */
export const PLAIN = 'disable'

/**
 * A source whose certificate is verified: against the CA bundle that its address brings, else against the file `trust`
 * (PEM). Without TLS only where `trust` says `disable`. Throws `settings/invalid` for a file that has no certificate.
 */
export async function trustedSource(
  { url, ca }: { readonly url: string; readonly ca: string | undefined },
  trust: string,
): Promise<Source> {
  if (trust === PLAIN) return { url }
  if (ca !== undefined) return { url, tls: { ca } }
  const bundle = await readFile(trust, 'utf8').catch((cause: unknown) => {
    throw new PipelineError('settings/invalid', `TIDEMARK_SOURCE_CA: ${trust} cannot be read`, { cause })
  })
  if (!bundle.includes('-----BEGIN CERTIFICATE-----'))
    throw new PipelineError('settings/invalid', `TIDEMARK_SOURCE_CA: ${trust} has no certificate`)
  return { url, tls: { ca: bundle } }
}
