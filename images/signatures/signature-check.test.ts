/** What OpenStack's `cursive` accepts is accepted (`testdata/make-signatures.py`), and nothing else. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { silentLogger } from '#base/log.ts'
import { Refusal } from '../refusal.ts'
import type { CertificateRead, Certificates } from './certificates.ts'
import { claimIn, fingerprintOf } from './image-signature.ts'
import { signatureCheckOf } from './signature-check.ts'

interface Case {
  readonly keyType: string
  readonly hashMethod: string
  readonly certificate: string
  readonly signature: string
}

const golden = new URL('./testdata/signatures.json', import.meta.url)
const { data, cases } = JSON.parse(readFileSync(golden, 'utf8')) as {
  readonly data: string
  readonly cases: readonly Case[]
}
const BYTES = Buffer.from(data, 'base64')
const ID = '0123abcd-0123-4567-89ab-0123456789ab'
const context = { txId: 'tx', signal: undefined, log: silentLogger }

const keeping = (read: CertificateRead): Certificates => ({ find: async () => read })
const certificateOf = ({ certificate }: Case): Certificates =>
  keeping({ kind: 'certificate', certificate: new X509Certificate(certificate) })

function propertiesOf({ keyType, hashMethod, signature }: Case): Record<string, string> {
  return {
    img_signature: signature,
    img_signature_hash_method: hashMethod,
    img_signature_key_type: keyType,
    img_signature_certificate_uuid: ID,
  }
}

async function verdictOn(
  one: Case,
  bytes: readonly Buffer[],
  certificates = certificateOf(one),
): Promise<number> {
  const check = await signatureCheckOf(certificates, context, propertiesOf(one))
  if (check instanceof Refusal) return check.status
  for (const chunk of bytes) check?.update(chunk)
  return check?.refusal()?.status ?? 200
}

void t.test('signatures of every kind are verified', async (t) => {
  for (const one of cases) {
    const name = `${one.keyType} with ${one.hashMethod}`
    t.equal(await verdictOn(one, [BYTES.subarray(0, 5000), BYTES.subarray(5000)]), 200, name)
    t.equal(await verdictOn(one, [BYTES.subarray(1)]), 400, `${name}: other bytes`)
  }
})

void t.test('a signature, key or hash of another kind than was said is refused', async (t) => {
  for (const one of cases) {
    for (const other of cases) {
      if (one.certificate === other.certificate && one.hashMethod === other.hashMethod) continue
      const mixed = { ...one, signature: other.signature }
      t.equal(await verdictOn(mixed, [BYTES]), 400)
      if (one.keyType === other.keyType) continue
      t.equal(await verdictOn({ ...one, keyType: other.keyType }, [BYTES]), 400)
      t.equal(await verdictOn(one, [BYTES], certificateOf(other)), 400)
    }
  }
})

void t.test('no flipped bit of a signature passes', async () => {
  const [one] = cases as [Case]
  await fc.assert(
    fc.asyncProperty(fc.nat(2047), async (bit) => {
      const signature = Buffer.from(one.signature, 'base64')
      signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7))
      return (await verdictOn({ ...one, signature: signature.toString('base64') }, [BYTES])) === 400
    }),
    { numRuns: 30 },
  )
})

void t.test('what cannot be verified is refused, and what is not signed is not looked at', async (t) => {
  const [one] = cases as [Case]
  const properties = propertiesOf(one)
  t.match(await signatureCheckOf(undefined, context, properties), { status: 400 })
  t.match(await signatureCheckOf(keeping({ kind: 'absent' }), context, properties), { status: 400 })
  t.match(await signatureCheckOf(keeping({ kind: 'malformed' }), context, properties), { status: 400 })
  const away = keeping({ kind: 'unavailable', reason: 'away' })
  t.match(await signatureCheckOf(away, context, properties), { status: 503 })
  const elsewhere = { ...properties, img_signature_certificate_uuid: '../../etc/passwd' }
  t.match(await signatureCheckOf(certificateOf(one), context, elsewhere), { status: 400 })
  const { img_signature: _signature, ...rest } = properties
  t.equal(await signatureCheckOf(undefined, context, rest), undefined)
  t.equal(fingerprintOf(rest), undefined)
  t.not(fingerprintOf(properties), fingerprintOf(elsewhere))
  for (const wrong of [
    { img_signature: '***' },
    { img_signature_hash_method: 'MD5' },
    { img_signature_key_type: 'constructor' },
  ]) {
    t.match(claimIn({ ...properties, ...wrong }), { status: 400 })
  }
})
