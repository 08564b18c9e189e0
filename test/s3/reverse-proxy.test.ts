/**
 * Clients that know the door by the address of a reverse proxy, which hides their host and a part of their paths: what they
 * sign is let in where that address is configured, and nowhere else.
 */
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { DEFAULT_S3_OPTIONS } from '#proxy/s3/options.ts'
import { sdkOptions } from './client-settings.ts'
import { type MemoryDoor, startMemoryDoor } from './memory-door.ts'

const PREFIX = '/storage'
const Bucket = 'hidden'

/** Takes the prefix off, and speaks to the door under the door's own name. Resolves with the address that clients know. */
async function startProxy(t: Test, door: () => MemoryDoor): Promise<string> {
  const server = createServer((incoming, answer) => {
    const { hostname, port, host } = new URL(door().url)
    const path = incoming.url?.slice(PREFIX.length)
    const headers = { ...incoming.headers, host }
    const passed = request({ hostname, port, path, method: incoming.method, headers }, (back) => {
      answer.writeHead(back.statusCode ?? 500, back.headers)
      back.pipe(answer)
    })
    incoming.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`
}

/** A door behind a proxy, and a client of the proxy. */
async function behindProxy(
  t: Test,
  known: 'known' | 'unknown',
): Promise<{ readonly client: S3Client; readonly door: MemoryDoor }> {
  const doors: MemoryDoor[] = []
  const url = await startProxy(t, () => doors[0] as MemoryDoor)
  const publicEndpoints = known === 'known' ? [url] : []
  const door = await startMemoryDoor(t, { s3: { ...DEFAULT_S3_OPTIONS, publicEndpoints } })
  doors.push(door)
  await door.signed({ method: 'PUT', target: `/${Bucket}` })
  const client = new S3Client(sdkOptions(url))
  t.teardown(() => client.destroy())
  return { client, door }
}

void t.test('what was signed for the public address is let in, in headers and in links', async (t) => {
  const { client, door } = await behindProxy(t, 'known')
  for (const Key of ['plain', 'a b+c%/ü//x.txt', 'storage/']) {
    await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }))
    const got = await client.send(new GetObjectCommand({ Bucket, Key }))
    t.equal(await got.Body?.transformToString(), Key)
    const link = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key }))
    t.equal(await (await fetch(link)).text(), Key, 'by a link')
  }
  t.equal((await door.signed({ target: `/${Bucket}/plain` })).status, 200, 'the door’s own address goes on')
})

void t.test('what was signed for an address that is not configured is not', async (t) => {
  const { client } = await behindProxy(t, 'unknown')
  await t.rejects(client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' })), {
    name: 'SignatureDoesNotMatch',
  })
})
