/**
 * A directory of certificates, for installations without a key manager: a file for each, named after its id, `ID.pem`, `ID.crt`
 * or `ID.der`. Every proxy host must have the same. They are read anew each time, so that one can be put there or taken away.
 */
import { join } from 'node:path'
import type { Disk } from '#base/environment.ts'
import { CERTIFICATE_BYTES, readCertificate } from './certificate-file.ts'
import type { AskedContext, CertificateRead, Certificates } from './certificates.ts'

const ENDINGS = ['.pem', '.crt', '.der']

export class CertificateDirectory implements Certificates {
  readonly #disk: Pick<Disk, 'readFile' | 'stat'>
  readonly #directory: string

  constructor(disk: Pick<Disk, 'readFile' | 'stat'>, directory: string) {
    this.#disk = disk
    this.#directory = directory
  }

  async find(_context: AskedContext, id: string): Promise<CertificateRead> {
    for (const ending of ENDINGS) {
      const read = await this.#read(join(this.#directory, `${id}${ending}`))
      if (read.kind !== 'absent') return read
    }
    return { kind: 'absent' }
  }

  async #read(path: string): Promise<CertificateRead> {
    try {
      const { sizeBytes } = await this.#disk.stat(path)
      if (sizeBytes > CERTIFICATE_BYTES) return { kind: 'malformed' }
      return readCertificate(await this.#disk.readFile(path))
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      return code === 'ENOENT' ? { kind: 'absent' } : { kind: 'unavailable', reason: code }
    }
  }
}
