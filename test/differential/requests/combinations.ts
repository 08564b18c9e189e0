/** Headers and parameters that seldom come together; most were found by random requests (`random/random.ts`). */
import { get, post, put, remove, type Step, steps } from '../step.ts'

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
      const [container, object] = [`~/comb-${kind}`, `~/comb-${kind}/o`]
      return [
        [`${kind} container`, put(container, settings)],
        [`${kind} object`, put(object, {}, 'first')],
        [`${kind} object again`, put(object, {}, 'second')],
        [`${kind}, DELETE of a version`, remove(`${object}?version-id=${VERSION}`)],
        [`${kind}, DELETE of a version that is none`, remove(`${object}?version-id=x`)],
        [`${kind}, PUT of a version`, put(`${object}?version-id=${VERSION}`)],
        [`${kind}, POST to a version`, post(`${object}?version-id=${VERSION}`, { 'X-Object-Meta-A': 'b' })],
        [`${kind}, GET of a version`, get(`${object}?version-id=${VERSION}`)],
        [`${kind}, GET of what is there`, get(object)],
        [`${kind}, archive`, get(`~/comb-archive?prefix=001o/&limit=0`)],
        [`${kind}, DELETE of the null version`, remove(`${object}?version-id=null`)],
        [`${kind}, GET after the null version`, get(object)],
      ]
    }),
  ),
})

const versionListings: readonly Step[] = steps('combination', {
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

export const combinationRequests: readonly Step[] = [...versionsAskedFor, ...versionListings, ...links]
