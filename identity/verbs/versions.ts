/** Which versions of the API there are (Identity API v3, "API versions"). Asked before anybody is known. */
import type { Response } from '#http/message.ts'
import { json } from '../answers.ts'
import type { Visit } from '../visit.ts'

export async function listVersions({ url }: Visit): Promise<Response> {
  // 300, as in Keystone: there is a choice, of one.
  return json(300, { versions: { values: [versionView(url)] } }, { location: `${url}/` })
}

export async function showVersion({ url }: Visit): Promise<Response> {
  return json(200, { version: versionView(url) })
}

function versionView(url: string): object {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${url}/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  }
}
