import { createHmac } from 'node:crypto'
import t from 'tap'
import { VirtualClock } from '#base/virtual-clock.ts'
import { send, testProxy } from '../testing/test-proxy.ts'

const KEY = 'an admin key'
const clock = new VirtualClock()
const EXPIRES = Math.floor(clock.wallMs() / 1000) + 60
const environment = { clock, random: { bytes: (count: number) => Buffer.alloc(count), below: () => 0 } }

function signed(method: string, expires = EXPIRES, key = KEY, algorithm = 'sha1'): string {
  const signature = createHmac(algorithm, key).update(`${method}\n${expires}\n/info`).digest('hex')
  return `/info?swiftinfo_sig=${signature}&swiftinfo_expires=${expires}`
}

t.test('info has the members of Swift', async (t) => {
  const { status, headers, body } = await send(testProxy().handler, { target: '/info' })
  t.equal(status, 200)
  t.equal(headers['content-type'], 'application/json; charset=UTF-8')
  // Each feature tests its own section.
  const { swift, tempauth } = JSON.parse(body)
  t.strictSame(
    { swift, tempauth },
    {
      swift: {
        version: '2.30.1',
        strict_cors_mode: true,
        policies: [
          { name: 'gold', aliases: 'gold', default: true },
          { name: 'silver', aliases: 'silver' },
        ],
        allow_account_management: true,
        account_autocreate: true,
        max_file_size: 5368709122,
        max_meta_name_length: 128,
        max_meta_value_length: 256,
        max_meta_count: 90,
        max_meta_overall_size: 4096,
        max_header_size: 8192,
        max_object_name_length: 1024,
        container_listing_limit: 10000,
        account_listing_limit: 10000,
        max_account_name_length: 256,
        max_container_name_length: 256,
        extra_header_count: 0,
      },
      tempauth: { account_acls: true },
    },
  )
})

t.test('what storage servers cannot promise is told as soon as they were heard', async (t) => {
  let weaker = false
  const { handler } = testProxy(
    {},
    {
      guarantees: () =>
        weaker
          ? { listings: 'eventual', conditionalWrites: 'best_effort' }
          : { listings: 'complete', conditionalWrites: 'agreed' },
    },
  )
  const told = async (): Promise<unknown> =>
    JSON.parse((await send(handler, { target: '/info' })).body).martlet
  t.strictSame(await told(), { listings: 'complete', conditional_writes: 'agreed' })
  weaker = true
  t.strictSame(await told(), { listings: 'eventual', conditional_writes: 'best-effort' })
})

t.test('sections may be withheld, and info altogether', async (t) => {
  const { handler } = testProxy({ infoDisallowedSections: ['tempauth', 'swift.policies'] })
  const info = JSON.parse((await send(handler, { target: '/info' })).body)
  t.notOk('tempauth' in info)
  t.notOk('policies' in info.swift)
  t.ok('version' in info.swift)
  t.equal((await send(testProxy({ exposeInfo: false }).handler, { target: '/info' })).status, 403)
})

t.test('a signed request sees the admin section', async (t) => {
  const { handler } = testProxy({ infoAdminKey: KEY }, { environment })
  for (const target of [signed('GET'), signed('GET', EXPIRES, KEY, 'sha256')]) {
    const { status, body } = await send(handler, { target })
    t.equal(status, 200)
    t.strictSame(JSON.parse(body).admin, {
      disallowed_sections: ['swift.auto_create_account_prefix', 'swift.valid_api_versions'],
    })
  }
  t.equal(
    (await send(handler, { method: 'HEAD', target: signed('GET') })).status,
    200,
    'a GET signature serves HEAD',
  )
})

t.test('a signature that is wrong, too old or unreadable is refused', async (t) => {
  const { handler } = testProxy({ infoAdminKey: KEY }, { environment })
  for (const target of [
    signed('PUT'),
    signed('HEAD'),
    signed('GET', EXPIRES, 'another key'),
    signed('GET', EXPIRES - 120),
    '/info?swiftinfo_sig=abc&swiftinfo_expires=never',
    '/info?swiftinfo_sig=abc',
    `/info?swiftinfo_expires=${EXPIRES}`,
  ]) {
    t.equal((await send(handler, { target })).status, 401, target)
  }
  t.equal((await send(testProxy().handler, { target: signed('GET') })).status, 403, 'there is no key')
})
