/**
 * Certificates in OpenStack Barbican (Key Manager API v1): secrets whose payload is a certificate. Barbican is asked with the
 * token of whoever uploads, and decides itself whether they may read it.
 */
import { readWhole } from '#http/message.ts'
import type { OutsideFetch, OutsideResponse } from '#http/outside-client.ts'
import { CERTIFICATE_BYTES, readCertificate } from './certificate-file.ts'
import type { AskedContext, CertificateRead, Certificates } from './certificates.ts'

const SILENCE_MS = 30_000

export class BarbicanCertificates implements Certificates {
  readonly #fetch: OutsideFetch
  readonly #url: string

  /** `url` is Barbican's address, with or without `/v1`: `http://keys.example:9311`. */
  constructor(fetch: OutsideFetch, url: string) {
    this.#fetch = fetch
    this.#url = url.replace(/\/+$/, '').replace(/\/v1$/, '')
  }

  async find({ token, signal }: AskedContext, id: string): Promise<CertificateRead> {
    const request = {
      url: new URL(`${this.#url}/v1/secrets/${id}/payload`),
      method: 'GET' as const,
      // Whatever type it was stored under.
      headers: { accept: '*/*', ...(token === undefined ? {} : { 'x-auth-token': token }) },
      // The operator chose the address.
      mayReach: () => true,
      silenceMs: SILENCE_MS,
      signal,
    }
    try {
      return await readAnswer(await this.#fetch(request))
    } catch (error) {
      return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) }
    }
  }
}

/** Barbican says 404 of secrets that are not there, and 403 of those that are not for who asks. */
async function readAnswer({ status, body }: OutsideResponse): Promise<CertificateRead> {
  if (status === 200) return readCertificate(await readWhole(body, CERTIFICATE_BYTES))
  await body.cancel()
  if (status === 404 || status === 403 || status === 401) return { kind: 'absent' }
  return { kind: 'unavailable', reason: `the key manager answers ${status}` }
}
