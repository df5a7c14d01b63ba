import type { ClientSettings } from './clients.ts'

/** Clients of one account, each made when it is first asked for. */
export interface AccountClients {
  client<C extends { destroy(): void }>(make: (settings: ClientSettings) => C): C
  close(): void
}

export function accountClients(settings: ClientSettings): AccountClients {
  const open = new Map<unknown, { destroy(): void }>()
  return {
    client: <C extends { destroy(): void }>(make: (settings: ClientSettings) => C): C => {
      const known = open.get(make) ?? make(settings)
      open.set(make, known)
      /* What a maker made stands under the maker. */
      return known as C
    },
    close: () => {
      for (const client of open.values()) client.destroy()
    },
  }
}
