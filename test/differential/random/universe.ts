/** What every episode of random requests finds there: containers of all kinds, in each the same objects. */
import { createHash } from 'node:crypto'
import { put, type Request } from '../step.ts'

export const DIGITS = '0123456789'.repeat(10)
export const KEY = 'random-key'

export const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** Containers, by how they are made. `E` stands for the episode. */
const CONTAINERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: { 'X-Container-Meta-Temp-URL-Key': KEY, 'X-Container-Meta-Colour': 'red' },
  open: {
    'X-Container-Read': '.r:*,.rlistings',
    'X-Container-Meta-Web-Index': 'index.html',
    'X-Container-Meta-Web-Error': 'error.html',
    'X-Container-Meta-Web-Listings': 'true',
    'X-Container-Meta-Access-Control-Allow-Origin': 'http://good.example',
  },
  silver: { 'X-Storage-Policy': 'silver', 'X-Container-Read': 'test:tester3,test2:*' },
  archive: {},
  versioned: { 'X-Versions-Enabled': 'true', 'X-Container-Read': '.r:.good.example' },
  stack: { 'X-Versions-Location': 'E-archive' },
  quoted: { 'X-Container-Rfc-Compliant-Etags': 'true' },
}

/** Objects, in the order in which they are made. */
const OBJECTS: Readonly<Record<string, Pick<Request, 'headers' | 'body'> & { readonly query?: string }>> = {
  digits: { headers: { 'Content-Type': 'text/plain', 'X-Object-Meta-A': 'a' }, body: DIGITS },
  empty: { headers: { 'Content-Type': 'application/x-empty' }, body: '' },
  'index.html': { headers: { 'Content-Type': 'text/html' }, body: '<p>home</p>' },
  '404error.html': { headers: { 'Content-Type': 'text/html' }, body: '<p>missing</p>' },
  'dir/': { headers: { 'Content-Type': 'application/directory' }, body: '' },
  'dir/one': { headers: { 'Content-Type': 'text/plain' }, body: 'one' },
  'dir/%C3%A9%20%26': { headers: { 'Content-Type': 'text/plain;charset=utf-8' }, body: 'odd' },
  mortal: { headers: { 'X-Delete-At': '4070908800' }, body: 'mortal' },
  'seg/1': { body: 'aaaaa' },
  'seg/2': { body: 'bbbbbbb' },
  dlo: { headers: { 'X-Object-Manifest': 'C/seg/' }, body: '' },
  slo: {
    query: '?multipart-manifest=put',
    headers: { 'Content-Type': 'text/x-joined' },
    body: '[{"path":"/C/seg/1"},{"path":"/C/seg/2","range":"1-3"},{"path":"/C/digits","range":"-10"}]',
  },
  nested: {
    query: '?multipart-manifest=put',
    body: '[{"data":"aGk="},{"path":"/C/slo"},{"path":"/C/seg/2"}]',
  },
  link: { headers: { 'X-Symlink-Target': 'C/digits', 'Content-Type': 'application/symlink' }, body: '' },
  'static-link': {
    headers: { 'X-Symlink-Target': 'C/digits', 'X-Symlink-Target-Etag': md5(DIGITS) },
    body: '',
  },
  'link-slo': { headers: { 'X-Symlink-Target': 'C/slo' }, body: '' },
  'link-nowhere': { headers: { 'X-Symlink-Target': 'C/none' }, body: '' },
}

export const CONTAINER_NAMES: readonly string[] = Object.keys(CONTAINERS)
export const OBJECT_NAMES: readonly string[] = Object.keys(OBJECTS)

/** Makes everything in containers whose names begin with the episode's. */
export function universe(episode: string): readonly Request[] {
  return Object.entries(CONTAINERS).flatMap(([name, settings]) => {
    const container = `${episode}-${name}`
    const inEpisode = (text: string): string =>
      text.replaceAll('E-', `${episode}-`).replaceAll('C/', `${container}/`)
    const headers = (of: Readonly<Record<string, string>>): Record<string, string> =>
      Object.fromEntries(Object.entries(of).map(([key, value]) => [key, inEpisode(value)]))
    const objects = name === 'archive' ? [] : Object.entries(OBJECTS)
    return [
      put(`~/${container}`, headers(settings)),
      ...objects.map(([object, { headers: sent = {}, body = '', query = '' }]) =>
        put(`~/${container}/${object}${query}`, headers(sent), inEpisode(String(body))),
      ),
    ]
  })
}
