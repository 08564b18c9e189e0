/** Versions and links together with the features around them: large objects and copies. */
import { get, head, put, type Request, remove, type Step, steps } from '../step.ts'

function idOf(step: string): string {
  return `{header x-object-version-id of together: ${step}}`
}

const MANIFEST = JSON.stringify([{ path: '/together/seg-1' }, { path: '/together/seg-2' }])

function copy(from: string, to: string, headers: Readonly<Record<string, string>> = {}): Request {
  return { method: 'COPY', path: from, headers: { Destination: to, ...headers } }
}

export const togetherRequests: readonly Step[] = steps('together', {
  container: put('~/together'),
  'one segment': put('~/together/seg-1', { 'Content-Type': 'text/plain' }, 'hello '),
  'other segment': put('~/together/seg-2', { 'Content-Type': 'text/plain' }, 'world'),
  'container with versions': put('~/together-kept', { 'X-Versions-Enabled': 'true' }),
  'large object': put(
    '~/together/large?multipart-manifest=put',
    { 'Content-Type': 'text/x-large' },
    MANIFEST,
  ),
  'link to a large object': put('~/together/link', { 'X-Symlink-Target': 'together/large' }),
  'GET of a link to a large object': get('~/together/link'),
  'GET of a range of a link to a large object': get('~/together/link', { Range: 'bytes=4-7' }),
  'GET of the manifest through a link': get('~/together/link?multipart-manifest=get&format=raw'),
  'HEAD of a link to a large object': head('~/together/link'),
  'static link to a large object by its ETag': put('~/together/static-bad', {
    'X-Symlink-Target': 'together/large',
    'X-Symlink-Target-Etag': '{header etag of together: HEAD of a link to a large object}',
  }),
  'HEAD of the manifest': head('~/together/large?multipart-manifest=get'),
  'static link to a large object': put('~/together/static', {
    'X-Symlink-Target': 'together/large',
    'X-Symlink-Target-Etag': '{header etag of together: HEAD of the manifest}',
  }),
  'GET of a static link to a large object': get('~/together/static'),
  'HEAD of the static link itself': head('~/together/static?symlink=get'),
  'listing of links to large objects': get('~/together?format=json'),
  'large object as a version': put(
    '~/together-kept/large?multipart-manifest=put',
    { 'Content-Type': 'text/x-large', 'X-Object-Meta-Colour': 'grey' },
    MANIFEST,
  ),
  'GET of the large version': get('~/together-kept/large'),
  'GET of a range of the large version': get('~/together-kept/large', { Range: 'bytes=4-7' }),
  'HEAD of the large version': head('~/together-kept/large'),
  'HEAD of its link': head('~/together-kept/large?symlink=get'),
  'GET of its manifest': get('~/together-kept/large?multipart-manifest=get&format=raw'),
  'listing with a large version': get('~/together-kept?format=json'),
  'versions with a large version': get('~/together-kept?versions&format=json'),
  'HEAD of the container with a large version': head('~/together-kept'),
  'small over large': put('~/together-kept/large', { 'Content-Type': 'text/plain' }, 'small'),
  'GET of the large version that is old': get(
    `~/together-kept/large?version-id=${idOf('large object as a version')}`,
  ),
  'large version as current again': put(
    `~/together-kept/large?version-id=${idOf('large object as a version')}`,
  ),
  'GET of the large version that is current again': get('~/together-kept/large'),
  'listing with the large version that is current again': get('~/together-kept?format=json'),
  'COPY of an old version': copy(
    `~/together-kept/large?version-id=${idOf('small over large')}`,
    'together/copied',
  ),
  'GET of the copied version': get('~/together/copied'),
  'COPY into a container with versions': copy('~/together/seg-1', 'together-kept/copied'),
  'GET of the copy that is a version': get('~/together-kept/copied'),
  'COPY of a version over itself': copy('~/together-kept/copied', 'together-kept/copied'),
  'versions after a COPY over itself': get('~/together-kept?versions&format=json&prefix=copied'),
  'COPY of a link': copy('~/together/link', 'together/copied-target'),
  'HEAD of what the copied link leads to': head('~/together/copied-target'),
  'COPY of a link itself': copy('~/together/link?symlink=get', 'together/copied-link'),
  'HEAD of the copied link itself': head('~/together/copied-link?symlink=get'),
  'GET of the copied link': get('~/together/copied-link'),
  'PUT with X-Copy-From of a link': put('~/together/from-link', { 'X-Copy-From': 'together/link' }),
  'DELETE of a version with its segments': remove(
    `~/together-kept/large?multipart-manifest=delete&version-id=${idOf('small over large')}`,
  ),
  'versions at the end': get('~/together-kept?versions&format=json'),
})
