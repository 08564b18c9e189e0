/** The address of a cluster as clients write it. */
import type { Settings } from '#node/options.ts'
import type { PublicAddress } from '#node/public-port.ts'

/** `http://127.0.0.1:8080`. A wildcard address is reached on this machine by its loopback address. */
export function publicUrl({ proxy }: Settings, { host, port }: PublicAddress): string {
  const scheme = proxy.tlsCertificate === undefined ? 'http' : 'https'
  return `${scheme}://${hostInUrl(host)}:${port}`
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
