import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import type { ClientSettings } from './clients.ts'

/** Settings of a client that acts as a role of another account; the credentials are renewed before they end. */
export function assumedRole(RoleArn: string, region: string): Pick<ClientSettings, 'credentials'> {
  const params = { RoleArn, RoleSessionName: 'tidemark', DurationSeconds: 900 }
  return { credentials: fromTemporaryCredentials({ params, clientConfig: { region } }) }
}
