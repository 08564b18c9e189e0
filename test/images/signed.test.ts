/** Goal: an image that is signed wrongly never becomes active, whatever way its bytes come. Method: every way, with right and wrong bytes. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { realClock } from '#base/real-clock.ts'
import { MemoryDisk } from '#disk/memory-disk.ts'
import { bufferBody } from '#http/message.ts'
import type { OutsideRequest } from '#http/outside-client.ts'
import { BarbicanCertificates } from '#images/signatures/barbican.ts'
import { CertificateDirectory } from '#images/signatures/certificate-directory.ts'
import type { Certificates } from '#images/signatures/certificates.ts'
import {
  type AskImages,
  createImage,
  PEOPLE,
  type TestImages,
  testImages,
  uploadBytes,
} from '#images/testing/test-images.ts'
import { MemoryStore } from '#proxy/testing/memory-store.ts'

const golden = new URL('../../images/signatures/testdata/signatures.json', import.meta.url)
const { data, cases } = JSON.parse(readFileSync(golden, 'utf8')) as {
  readonly data: string
  readonly cases: readonly [{ keyType: string; hashMethod: string; certificate: string; signature: string }]
}
const [{ keyType, hashMethod, certificate, signature }] = cases
const RIGHT = Buffer.from(data, 'base64')
const WRONG = Buffer.from(RIGHT).fill(1, 100, 101)
const ID = '0123abcd-0123-4567-89ab-0123456789ab'
const SIGNED = {
  img_signature: signature,
  img_signature_hash_method: hashMethod,
  img_signature_key_type: keyType,
  img_signature_certificate_uuid: ID,
}
const OCTETS = { 'Content-Type': 'application/octet-stream' }
const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' }

const certificates: Certificates = {
  find: async (_context, id) =>
    id === ID ? { kind: 'certificate', certificate: new X509Certificate(certificate) } : { kind: 'absent' },
}

interface Scene extends TestImages {
  readonly store: MemoryStore
  readonly ask: AskImages
}

function scene(): Scene {
  const store = new MemoryStore({ clock: realClock })
  const images = testImages({ store, deps: { certificates } })
  return { ...images, store, ask: images.as(PEOPLE.tester) }
}

/** The state in which the image comes to rest. */
async function atRest(ask: AskImages, id: string): Promise<unknown> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { json } = await ask('GET', `/v2/images/${id}`)
    if (!['saving', 'importing'].includes(String(json['status']))) return json['status']
    await realClock.sleep(2)
  }
  throw new Error('the image did not come to rest')
}

function part(ask: AskImages, id: string, bytes: Buffer, first: number, end: number): ReturnType<AskImages> {
  const headers = { ...OCTETS, 'Content-Range': `bytes ${first}-/${bytes.length}` }
  return ask('PUT', `/v2/images/${id}/file`, { body: bytes.subarray(first, end), headers })
}

function importStaged(ask: AskImages, id: string): ReturnType<AskImages> {
  return ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' } } })
}

const WAYS: Readonly<Record<string, (here: Scene, id: string, bytes: Buffer) => Promise<unknown>>> = {
  upload: ({ ask }, id, bytes) => uploadBytes(ask, id, bytes),
  async 'upload in parts'({ ask }, id, bytes) {
    await part(ask, id, bytes, 0, 4000)
    await part(ask, id, bytes, 4000, bytes.length)
  },
  async 'upload in parts through two proxies'({ ask, store }, id, bytes) {
    await part(ask, id, bytes, 0, 4000)
    const other = testImages({ store, deps: { certificates } }).as(PEOPLE.tester)
    await part(other, id, bytes, 4000, bytes.length)
  },
  async import({ ask }, id, bytes) {
    await ask('PUT', `/v2/images/${id}/stage`, { body: bytes, headers: OCTETS })
    await importStaged(ask, id)
  },
  async 'an object'({ ask, store }, id, bytes) {
    const container = { account: 'AUTH_test', container: 'c' }
    const context = { txId: 'tx', signal: undefined, log: { warn: () => {} } as never }
    await store.containers.put(context, container, { changes: {}, policyIndex: undefined })
    await store.objects.put(
      context,
      { ...container, object: 'o' },
      {
        body: bufferBody(bytes),
        contentType: 'x/y',
        expectedEtag: undefined,
        metadata: {},
        limitBytes: 1_000_000,
      },
    )
    await ask('POST', `/v2/images/${id}/locations`, { body: { url: 'swift://AUTH_test/c/o' } })
  },
}

for (const [name, way] of Object.entries(WAYS)) {
  void t.test(`by ${name}, a signed image is active only with the bytes that were signed`, async (t) => {
    const here = scene()
    const [good, bad] = [await createImage(here.ask, SIGNED), await createImage(here.ask, SIGNED)]
    await way(here, good, RIGHT)
    t.equal(await atRest(here.ask, good), 'active')
    await way(here, bad, WRONG)
    t.equal(await atRest(here.ask, bad), 'queued')
    const unknown = { ...SIGNED, img_signature_certificate_uuid: ID.replace('0', 'f') }
    const unverifiable = await createImage(here.ask, unknown)
    await way(here, unverifiable, RIGHT)
    t.equal(await atRest(here.ask, unverifiable), 'queued', 'nor without the certificate')
  })
}

void t.test('an image that is signed after it was staged is verified when it is imported', async (t) => {
  const { ask } = scene()
  for (const [bytes, wanted] of [
    [RIGHT, 'active'],
    [WRONG, 'queued'],
  ] as const) {
    const id = await createImage(ask)
    await ask('PUT', `/v2/images/${id}/stage`, { body: bytes, headers: OCTETS })
    const body = Object.entries(SIGNED).map(([name, value]) => ({ op: 'add', path: `/${name}`, value }))
    t.equal((await ask('PATCH', `/v2/images/${id}`, { body, headers: PATCH })).status, 200)
    await importStaged(ask, id)
    t.equal(await atRest(ask, id), wanted)
  }
})

void t.test('a signature that is changed while the bytes come does not go with them', async (t) => {
  const { ask } = scene()
  const id = await createImage(ask, SIGNED)
  await part(ask, id, RIGHT, 0, 4000)
  const body = [{ op: 'replace', path: '/img_signature', value: 'AAAA' }]
  await ask('PATCH', `/v2/images/${id}`, { body, headers: PATCH })
  t.equal((await part(ask, id, RIGHT, 4000, RIGHT.length)).status, 409)
  t.not((await ask('GET', `/v2/images/${id}`)).json['status'], 'active')
})

void t.test('certificates lie in a directory, by their ids', async (t) => {
  const disk = new MemoryDisk().remount()
  await disk.mkdir('/certificates')
  for (const [name, bytes] of [
    [`${ID}.pem`, Buffer.from(certificate)],
    ['broken.pem', Buffer.from('no certificate')],
  ] as const) {
    const file = await disk.createExclusive(`/certificates/${name}`)
    await file.write(bytes, 0)
    await file.close()
  }
  const directory = new CertificateDirectory(disk, '/certificates')
  const context = { txId: 'tx', signal: undefined, log: {} as never }
  t.match(await directory.find(context, ID), { kind: 'certificate' })
  t.match(await directory.find(context, 'broken'), { kind: 'malformed' })
  t.match(await directory.find(context, 'none'), { kind: 'absent' })
})

void t.test('a key manager is asked with the token of whoever uploads', async (t) => {
  const asked: OutsideRequest[] = []
  const answering = (status: number, body: Buffer | Error) => (request: OutsideRequest) => {
    asked.push(request)
    if (body instanceof Error) return Promise.reject(body)
    const stream = { ...bufferBody(body), cancel: async () => {} }
    return Promise.resolve({ status, headers: {}, body: stream })
  }
  const context = { txId: 'tx', signal: undefined, log: {} as never, token: 'a token' }
  const der = new X509Certificate(certificate).raw
  const find = (status: number, body: Buffer | Error) =>
    new BarbicanCertificates(answering(status, body), 'http://keys.example:9311/v1/').find(context, ID)
  t.match(await find(200, der), { kind: 'certificate' })
  t.equal(asked[0]?.url.href, `http://keys.example:9311/v1/secrets/${ID}/payload`)
  t.equal(asked[0]?.headers?.['x-auth-token'], 'a token')
  t.match(await find(200, Buffer.from(certificate)), { kind: 'certificate' })
  t.match(await find(404, Buffer.alloc(0)), { kind: 'absent' })
  t.match(await find(500, Buffer.alloc(0)), { kind: 'unavailable' })
  t.match(await find(200, new Error('away')), { kind: 'unavailable' })
})
