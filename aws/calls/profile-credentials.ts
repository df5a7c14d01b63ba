import { fromNodeProviderChain } from '@aws-sdk/credential-providers'
import type { ClientSettings } from './clients.ts'

/** Settings of a client that acts as a profile of the AWS command line; as whoever runs the command without one. */
export function profileCredentials(profile: string | undefined): Pick<ClientSettings, 'credentials'> {
  return profile === undefined ? {} : { credentials: fromNodeProviderChain({ profile }) }
}
