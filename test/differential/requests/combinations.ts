/** Headers and parameters that seldom come together; most were found by random requests (`random/random.ts`). */
import { get, head, post, put, raw, remove, type Step, steps } from '../step.ts'

const VERSION = '1400000000.00000'

/** A version is asked for where none are kept, or older ones in the older way. */
const versionsAskedFor: readonly Step[] = steps('combination', {
  archive: put('~/comb-archive'),
  ...Object.fromEntries(
    Object.entries({
      stack: { 'X-Versions-Location': 'comb-archive' },
      history: { 'X-History-Location': 'comb-archive' },
      plain: {},
    }).flatMap(([kind, settings]) => {
      const container = `~/comb-${kind}`
      const [gone, made] = [`${container}/gone`, `${container}/made`]
      return [
        [`${kind} container`, put(container, settings)],
        ...[gone, made].flatMap((object, at) => [
          [`${kind} object ${at}`, put(object, {}, 'first')],
          [`${kind} object ${at} again`, put(object, {}, 'second')],
        ]),
        [`${kind}, GET of a version`, get(`${gone}?version-id=${VERSION}`)],
        [`${kind}, POST to a version`, post(`${gone}?version-id=${VERSION}`, { 'X-Object-Meta-A': 'b' })],
        [`${kind}, DELETE of a version`, remove(`${gone}?version-id=${VERSION}`)],
        [`${kind}, DELETE of a version, GET`, get(gone)],
        [`${kind}, PUT of a version`, put(`${made}?version-id=${VERSION}`)],
        [`${kind}, PUT of a version, GET`, get(made)],
      ]
    }),
  ),
})

const versionListings: readonly Step[] = steps('combination', {
  'container with an archive': put('~/comb-turned', { 'X-Versions-Location': 'comb-archive' }),
  'versions in place of an archive': put('~/comb-turned', {
    'X-Versions-Enabled': 'true',
    'X-Remove-Versions-Location': 'x',
  }),
  'versions in place of an archive, HEAD': head('~/comb-turned'),
  'versioned container': put('~/comb-versions', { 'X-Versions-Enabled': 'true' }),
  'versions, no format': get('~/comb-versions?versions&format='),
  'versions in capitals': get('~/comb-versions?versions&format=JSON'),
  'versions, not wanted': get('~/comb-versions?versions=false&format='),
  'versions as XML': get('~/comb-versions?versions&format=xml'),
  'versions of a plain container, no format': get('~/comb-plain?versions=false&format=&version_marker=x'),
})

const links: readonly Step[] = steps('combination', {
  'link with a body and a bad target': put('~/comb-plain/link', { 'X-Symlink-Target': '/a/b' }, 'body'),
  'link with a body and half a target': put('~/comb-plain/link', { 'X-Symlink-Target': 'a' }, 'body'),
  segment: put('~/comb-plain/segment', {}, 'segment'),
  manifest: put('~/comb-plain/manifest?multipart-manifest=put', {}, '[{"path":"/comb-plain/segment"}]'),
  'link to the manifest': put('~/comb-plain/to-manifest', { 'X-Symlink-Target': 'comb-plain/manifest' }),
  'link to the manifest, GET': get('~/comb-plain/to-manifest'),
  'another segment': put('~/comb-plain/segment', {}, 'another'),
  'link to a manifest that is broken': get('~/comb-plain/to-manifest'),
})

const HEAD = 'Host: {host}\r\nX-Auth-Token: {token}\r\n'

const bodies: readonly Step[] = steps('combination', {
  'body longer than its length': raw(
    `PUT ~/comb-plain/longer HTTP/1.1\r\n${HEAD}Content-Length: 3\r\n\r\nabcdef\r\n`,
  ),
  'body longer than its length, GET': get('~/comb-plain/longer'),
  'last chunk twice': raw(
    `PUT ~/comb-plain/twice HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n`,
  ),
  'last chunk twice, GET': get('~/comb-plain/twice'),
  'rubbish behind a GET': raw(`GET ~/comb-plain/longer HTTP/1.1\r\n${HEAD}\r\nrubbish\r\n\r\n`),
})

export const combinationRequests: readonly Step[] = [
  ...versionsAskedFor,
  ...versionListings,
  ...links,
  ...bodies,
]
