/** Where certificates are kept by which signatures of images are verified: a key manager, or a directory of files. */
import type { X509Certificate } from 'node:crypto'
import type { OperationContext } from '#store/operation.ts'

/** An operation, and whose it is, where others have to be told. */
export interface AskedContext extends OperationContext {
  /** Of whoever asked; a key manager decides by it who may have what. */
  readonly token?: string | undefined
}

export type CertificateRead =
  | { readonly kind: 'certificate'; readonly certificate: X509Certificate }
  | { readonly kind: 'absent' }
  /** What is kept under the id is no certificate. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface Certificates {
  /** `id` is a UUID. */
  find(context: AskedContext, id: string): Promise<CertificateRead>
}
