/** `/v3/roles/:role/implies` and `/v3/role_inferences`: who has the one role has the others, too. */
import type { Response } from '#http/message.ts'
import { forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import type { Entry } from '../entries.ts'
import { BUILT_IN_ROLES, builtInRoleId, type Role } from '../model/role.ts'
import type { Visit } from '../visit.ts'
import { withRoleNamed } from './roles.ts'

type View = Readonly<Record<string, unknown>>

/** Most that one implies directly: they are looked up with every token. */
const IMPLIED_MAX = 100

export async function listImplied(visit: Visit): Promise<Response> {
  return await withRoleNamed(visit, async (prior) => {
    const implies: View[] = []
    for (const id of prior.value.implies) {
      const role = await visit.parts.people.roles.find(visit.context, id)
      if (role.kind === 'found') implies.push(briefView(role, visit.url))
    }
    return json(200, inference(visit, prior, implies, 'implies'))
  })
}

export async function showImplied(visit: Visit): Promise<Response> {
  return await withBoth(visit, async (prior, implied) => {
    if (!prior.value.implies.includes(implied.id)) return notImplied(prior, implied)
    // Keystone answers so; clients ask only whether it is there.
    if (visit.request.method === 'HEAD') return noContent()
    return json(200, inferenceOf(visit, prior, implied))
  })
}

/** Nothing implies `admin`, lest it were given without being seen, and no role of all domains one of a single one. */
export async function addImplied(visit: Visit): Promise<Response> {
  return await withBoth(visit, async (prior, implied) => {
    const isInward = prior.value.domainId === undefined && implied.value.domainId !== undefined
    if (implied.id === builtInRoleId('admin') || isInward) {
      return refusal(403, `${implied.id} cannot be an implied roles.`)
    }
    if (prior.value.implies.length >= IMPLIED_MAX) return forbidden()
    const outcome = await change(visit, prior.id, ({ implies }) => [...new Set([...implies, implied.id])])
    return outcome ?? json(201, inferenceOf(visit, prior, implied))
  })
}

export async function removeImplied(visit: Visit): Promise<Response> {
  return await withBoth(visit, async (prior, implied) => {
    if (!prior.value.implies.includes(implied.id)) return notImplied(prior, implied)
    // What the built-in ones mean is known to the program.
    if (BUILT_IN_ROLES.get(prior.id)?.implies.includes(implied.id) === true) return forbidden()
    const outcome = await change(visit, prior.id, ({ implies }) => implies.filter((id) => id !== implied.id))
    return outcome ?? noContent()
  })
}

export async function listInferences({ parts, context, url }: Visit): Promise<Response> {
  const roles = await parts.people.roles.list(context)
  if ('kind' in roles) return unavailable(roles)
  const byId = new Map(roles.map((role) => [role.id, role]))
  const inferences = roles.flatMap((prior) => {
    const implies = prior.value.implies.flatMap((id) => {
      const role = byId.get(id)
      return role === undefined ? [] : briefView(role, url)
    })
    return implies.length === 0 ? [] : { prior_role: briefView(prior, url), implies }
  })
  return json(200, { role_inferences: inferences, links: { self: `${url}/role_inferences` } })
}

/** `undefined` when it is done. */
async function change(
  { parts, context }: Visit,
  id: string,
  to: (role: Role) => readonly string[],
): Promise<Response | undefined> {
  const outcome = await parts.people.roles.change(context, id, (role) => ({
    kind: 'value',
    value: { ...role, implies: to(role) },
  }))
  if (outcome.kind === 'found') return undefined
  return outcome.kind === 'absent' ? notFound('role', id) : unavailable()
}

async function withBoth(
  visit: Visit,
  then: (prior: Entry<Role>, implied: Entry<Role>) => Promise<Response>,
): Promise<Response> {
  return await withRoleNamed(visit, async (prior) => {
    const id = visit.named['implied'] ?? ''
    const implied = await visit.parts.people.roles.find(visit.context, id)
    if (implied.kind === 'found') return await then(prior, implied)
    return implied.kind === 'absent' ? notFound('role', id) : unavailable(implied)
  })
}

function notImplied(prior: Entry<Role>, implied: Entry<Role>): Response {
  return refusal(404, `${prior.id} does not imply ${implied.id}.`)
}

function inferenceOf(visit: Visit, prior: Entry<Role>, implied: Entry<Role>): View {
  return inference(visit, prior, briefView(implied, visit.url), `implies/${implied.id}`)
}

function inference({ url }: Visit, prior: Entry<Role>, implies: View | readonly View[], path: string): View {
  return {
    role_inference: { prior_role: briefView(prior, url), implies },
    links: { self: `${url}/roles/${prior.id}/${path}` },
  }
}

function briefView({ id, value }: Entry<Role>, url: string): View {
  return { id, name: value.name, links: { self: `${url}/roles/${id}` } }
}
