/** X.509 certificates as they are kept: PEM or DER. Nothing that is read is believed to be one. */
import { X509Certificate } from 'node:crypto'
import type { CertificateRead } from './certificates.ts'

/** Longest certificate that is read, bytes: those of the longest keys in use are a tenth of it. */
export const CERTIFICATE_BYTES = 64 * 1024

export function readCertificate(bytes: Buffer): CertificateRead {
  try {
    return { kind: 'certificate', certificate: new X509Certificate(bytes) }
  } catch {
    return { kind: 'malformed' }
  }
}
