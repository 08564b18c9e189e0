/** Goal: configurations with an id are kept as they were put, listed in pages, and refused as by AWS where they cannot be. */
import t from 'tap'
import { elementIn, elementsIn, s3Door } from '../../testing/s3-door.ts'
import type { Received } from '../../testing/test-proxy.ts'

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const BUCKET = 'arn:aws:s3:::reports'
const { s3, s3As } = s3Door()
await s3('PUT', '/bucket')

interface Case {
  readonly query: string
  readonly root: string
  readonly inner: string
  /** Documents that cannot be. */
  readonly wrong: readonly string[]
}

const AND = '<And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And>'
const TWO = '<Prefix>a</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>'
const tiering = (tier: string, days: number): string =>
  `<Tiering><AccessTier>${tier}</AccessTier><Days>${days}</Days></Tiering>`
const destination = (members: string): string =>
  `<Destination><S3BucketDestination>${members}</S3BucketDestination></Destination>`
const CSV = destination(`<Bucket>${BUCKET}</Bucket><Format>CSV</Format><Prefix>p/</Prefix>`)
const SCHEDULE = '<Schedule><Frequency>Daily</Frequency></Schedule>'

const CASES: readonly Case[] = [
  {
    query: 'metrics',
    root: 'MetricsConfiguration',
    inner: `<Filter>${AND}</Filter>`,
    wrong: [
      '<Filter/>',
      `<Filter>${TWO}</Filter>`,
      '<What/>',
      '<Filter><AccessPointArn>x</AccessPointArn></Filter>',
    ],
  },
  {
    query: 'analytics',
    root: 'AnalyticsConfiguration',
    inner: `<Filter><Prefix> a b/</Prefix></Filter><StorageClassAnalysis><DataExport><OutputSchemaVersion>V_1</OutputSchemaVersion>${CSV}</DataExport></StorageClassAnalysis>`,
    wrong: [
      '',
      '<Filter><AccessPointArn>arn:aws:s3:::x</AccessPointArn></Filter><StorageClassAnalysis/>',
      `<StorageClassAnalysis><DataExport><OutputSchemaVersion>V_2</OutputSchemaVersion>${CSV}</DataExport></StorageClassAnalysis>`,
    ],
  },
  {
    query: 'intelligent-tiering',
    root: 'IntelligentTieringConfiguration',
    inner: `<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Status>Enabled</Status>${tiering('ARCHIVE_ACCESS', 90)}${tiering('DEEP_ARCHIVE_ACCESS', 730)}`,
    wrong: [
      '<Status>Enabled</Status>',
      `<Status>On</Status>${tiering('ARCHIVE_ACCESS', 90)}`,
      `<Status>Enabled</Status>${tiering('ARCHIVE_ACCESS', 90)}${tiering('ARCHIVE_ACCESS', 180)}`,
    ],
  },
  {
    query: 'inventory',
    root: 'InventoryConfiguration',
    inner: `${CSV}<IsEnabled>true</IsEnabled><Filter><Prefix>a</Prefix></Filter><IncludedObjectVersions>All</IncludedObjectVersions><OptionalFields><Field>Size</Field><Field>ETag</Field></OptionalFields>${SCHEDULE}`,
    wrong: [
      `${CSV}<IsEnabled>true</IsEnabled><IncludedObjectVersions>All</IncludedObjectVersions>`,
      `${CSV}<IsEnabled>true</IsEnabled><IncludedObjectVersions>Some</IncludedObjectVersions>${SCHEDULE}`,
      `${destination('<Bucket>reports</Bucket><Format>CSV</Format>')}<IsEnabled>true</IsEnabled><IncludedObjectVersions>All</IncludedObjectVersions>${SCHEDULE}`,
    ],
  },
]

function written(root: string, id: string, inner: string): string {
  return `<${root} ${NAMESPACE}><Id>${id}</Id>${inner}</${root}>`
}

const code = (received: Received): string => `${received.status} ${elementIn(received, 'Code') ?? ''}`.trim()

for (const { query, root, inner, wrong } of CASES) {
  await t.test(`${query} configurations are kept as they were put`, async (t) => {
    const at = `/bucket?${query}&id=one`
    t.equal(code(await s3('GET', at)), '404 NoSuchConfiguration')
    t.equal(code(await s3('DELETE', at)), '404 NoSuchConfiguration')
    const body = written(root, 'one', inner)
    t.equal(code(await s3('PUT', at, { body })), '200')
    const got = await s3('GET', at)
    t.equal(got.body.replace(/^<\?xml[^>]*>\n/, ''), body)
    t.equal((await s3('PUT', `/bucket?${query}&id=a`, { body: written(root, 'a', inner) })).status, 200)
    const list = await s3('GET', `/bucket?${query}`)
    t.same(elementsIn(list, 'Id'), ['a', 'one'])
    t.equal(elementIn(list, 'IsTruncated'), 'false')
    t.equal((await s3('PUT', at, { body })).status, 200, 'in the place of what was there')
    t.same(elementsIn(await s3('GET', `/bucket?${query}`), 'Id'), ['a', 'one'])
    t.equal(code(await s3As('test2:tester2', 'GET', at)), '403 AccessDenied')
    t.equal((await s3('DELETE', at)).status, 204)
    t.same(elementsIn(await s3('GET', `/bucket?${query}`), 'Id'), ['a'])
  })

  await t.test(`${query} configurations that cannot be are refused`, async (t) => {
    const put = async (id: string, body: string): Promise<string> =>
      code(await s3('PUT', `/bucket?${query}&id=${id}`, { body }))
    for (const one of wrong) t.equal(await put('x', written(root, 'x', one)), '400 MalformedXML', one)
    t.equal(await put('x', written(root, 'y', inner)), '400 IdMismatch')
    t.equal(await put('x', written(root, 'a b', inner)), '400 MalformedXML')
    t.equal(await put('x', '<Other/>'), '400 MalformedXML')
    const withoutId = await s3('PUT', `/bucket?${query}`, { body: written(root, 'x', inner) })
    t.equal(code(withoutId), '400 InvalidConfigurationId')
    t.same(elementsIn(await s3('GET', `/bucket?${query}`), 'Id'), ['a'])
  })
}

await t.test('a tier is entered within its days', async (t) => {
  for (const [tier, days] of [
    ['ARCHIVE_ACCESS', 89],
    ['DEEP_ARCHIVE_ACCESS', 179],
    ['ARCHIVE_ACCESS', 731],
  ] as const) {
    const inner = `<Status>Enabled</Status>${tiering(tier, days)}`
    const body = written('IntelligentTieringConfiguration', 'x', inner)
    t.equal(code(await s3('PUT', '/bucket?intelligent-tiering&id=x', { body })), '400 InvalidArgument')
  }
})

await t.test('a hundred are on a page, and the rest behind a token', async (t) => {
  await s3('PUT', '/many')
  const ids = Array.from({ length: 101 }, (_, at) => `id-${String(at).padStart(3, '0')}`)
  for (const id of ids.toReversed()) {
    const body = written('MetricsConfiguration', id, '')
    t.equal((await s3('PUT', `/many?metrics&id=${id}`, { body })).status, 200)
  }
  const first = await s3('GET', '/many?metrics')
  t.same(elementsIn(first, 'Id'), ids.slice(0, 100))
  t.equal(elementIn(first, 'IsTruncated'), 'true')
  const token = encodeURIComponent(elementIn(first, 'NextContinuationToken') ?? '')
  const rest = await s3('GET', `/many?metrics&continuation-token=${token}`)
  t.same(elementsIn(rest, 'Id'), ids.slice(100))
  t.equal(elementIn(rest, 'IsTruncated'), 'false')
  t.equal(code(await s3('GET', '/many?metrics&continuation-token=%21')), '400 InvalidArgument')
})
