/** Which versions of the API there are (Identity API v3, "API versions"). Asked before anybody is known. */
import { negotiate } from '#http/accept.ts'
import type { Response } from '#http/message.ts'
import { json } from '../answers.ts'
import { jsonHome } from '../json-home.ts'
import type { Visit } from '../visit.ts'

export async function listVersions(visit: Visit): Promise<Response> {
  if (isHomeWanted(visit)) return homeAnswer('/v3')
  const { url } = visit
  // 300, as in Keystone: there is a choice, of one.
  return json(300, { versions: { values: [versionView(url)] } }, { location: `${url}/` })
}

export async function showVersion(visit: Visit): Promise<Response> {
  return isHomeWanted(visit) ? homeAnswer('') : json(200, { version: versionView(visit.url) })
}

const JSON_TYPE = 'application/json'
const HOME_TYPE = 'application/json-home'

/** Whoever takes anything, or nothing that there is, gets the versions. */
function isHomeWanted({ request: { headers } }: Visit): boolean {
  const wanted = negotiate(headers['accept'], [JSON_TYPE, HOME_TYPE])
  return wanted.kind === 'chosen' && wanted.contentType === HOME_TYPE
}

function homeAnswer(prefix: '' | '/v3'): Response {
  return json(200, jsonHome(prefix), { 'content-type': HOME_TYPE, vary: 'Accept' })
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
