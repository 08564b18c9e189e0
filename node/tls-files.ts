/** Certificates and keys of the configuration, read once at the start of a process. */
import type { Disk } from '#base/environment.ts'
import type { TlsOptions } from '#http/server.ts'
import type { TransportTls } from '#http/transport.ts'
import { codeOf } from './durable-file.ts'
import type { Settings } from './options.ts'

/** For a listener; `undefined` when no TLS is configured. Rejects with a sentence when a file is missing. */
export async function listenerTls(
  disk: Disk,
  section: Settings['proxy'] | Settings['storage'],
): Promise<TlsOptions | undefined> {
  const { tlsCertificate, tlsKey } = section
  if (tlsCertificate === undefined && tlsKey === undefined) return undefined
  if (tlsCertificate === undefined || tlsKey === undefined) {
    throw new Error('tls_certificate and tls_key belong together; only one of them is given')
  }
  return { certificate: await readPem(disk, tlsCertificate), key: await readPem(disk, tlsKey) }
}

/** For speaking to storage servers; `undefined` when they do not speak TLS. */
export async function storageClientTls(
  disk: Disk,
  storage: Settings['storage'],
): Promise<TransportTls | undefined> {
  if (storage.tlsCertificate === undefined && storage.tlsAuthority === undefined) return undefined
  if (storage.tlsAuthority === undefined) return {}
  return { authority: await readPem(disk, storage.tlsAuthority) }
}

/** Rejects with a sentence when the file cannot be read. */
export async function readPem(disk: Disk, path: string): Promise<Buffer> {
  try {
    return await disk.readFile(path)
  } catch (error) {
    throw new Error(`${path} cannot be read (${codeOf(error)})`, { cause: error })
  }
}
