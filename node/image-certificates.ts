/** Where the certificates are by which signed images are verified, as the configuration says. */
import type { Disk } from '#base/environment.ts'
import type { OutsideFetch } from '#http/outside-client.ts'
import { BarbicanCertificates } from '#images/signatures/barbican.ts'
import { CertificateDirectory } from '#images/signatures/certificate-directory.ts'
import type { Certificates } from '#images/signatures/certificates.ts'
import type { Settings } from './options.ts'

/** The directory goes before the key manager where there are both; `undefined` when there is neither. */
export function certificatesOf(
  { certificates: directory, barbican }: Settings['images'],
  disk: Disk,
  fetch: OutsideFetch,
): Certificates | undefined {
  const files = directory === undefined ? undefined : new CertificateDirectory(disk, directory)
  const manager = barbican === undefined ? undefined : new BarbicanCertificates(fetch, barbican)
  if (files === undefined || manager === undefined) return files ?? manager
  return {
    async find(context, id) {
      const read = await files.find(context, id)
      return read.kind === 'absent' ? await manager.find(context, id) : read
    },
  }
}
