/** `/v3/credentials` and `/v3/users/:user/credentials/OS-EC2`: the same credentials, whole or as key pairs. */
import type { Response } from '#http/message.ts'
import { conflict, forbidden, json, noContent, notFound, refusal, unavailable } from '../answers.ts'
import { blobOf, credentialIdOf, keyPairIn, type OpenedCredential } from '../credentials.ts'
import { effectiveGrants, rolesReaching } from '../effective-roles.ts'
import { hasRole, isDelegated } from '../identified.ts'
import { projectScope } from '../model/grants.ts'
import type { User } from '../model/user.ts'
import { membersIn, textOr } from '../model/written.ts'
import { credentialView, ec2View, listView } from '../views.ts'
import { callerOf, type Visit } from '../visit.ts'
import { withUser } from './users.ts'

const BLOB_CHARACTERS_MAX = 64 * 1024

/**
 * A key pair is worth all that its user is in a project, an application credential or a trust perhaps less: whoever signed in
 * with one neither makes key pairs nor sees the secrets of those that there are.
 */
function isLimited(visit: Visit): boolean {
  return isDelegated(callerOf(visit).identified)
}

export async function listCredentials(visit: Visit): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const { parts, context, query, url } = visit
  const asking = callerOf(visit).identified
  const userId = hasRole(asking, 'admin') ? (query.get('user_id') ?? undefined) : asking.user.id
  const listed = await parts.credentials.list(context, userId)
  if ('kind' in listed) return unavailable(listed)
  const type = query.get('type')
  const views = listed.filter((one) => (type ?? one.type) === one.type).map((one) => credentialView(one, url))
  return json(200, listView('credentials', views, visit.self))
}

export async function showCredential(visit: Visit): Promise<Response> {
  return await withOwn(visit, async (credential) =>
    json(200, { credential: credentialView(credential, visit.url) }),
  )
}

export async function createCredential(visit: Visit): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const { parts, context, body, url } = visit
  const given = membersIn(body['credential'])
  const asking = callerOf(visit).identified
  const { type, blob, project_id: projectId } = given
  const userId = textOr(given['user_id'], asking.user.id)
  if (typeof type !== 'string' || typeof blob !== 'string' || blob.length > BLOB_CHARACTERS_MAX) {
    return refusal(400, 'type and blob are needed')
  }
  if (userId !== asking.user.id && !hasRole(asking, 'admin')) return forbidden()
  const user = await parts.people.users.find(context, userId)
  if (user.kind !== 'found') return user.kind === 'absent' ? notFound('user', userId) : unavailable(user)
  const pair = keyPairIn({ kind: 'found', id: '', userId, projectId: undefined, type, blob })
  if (type === 'ec2' && (pair === undefined || typeof projectId !== 'string')) {
    return refusal(400, 'An ec2 credential needs a project, and a blob with access and secret')
  }
  // Whoever names a pair must be able to sign in to its project.
  if (pair !== undefined && !(await hasRoleOn(visit, user.value, String(projectId)))) return forbidden()
  const id = pair === undefined ? parts.credentials.newId() : credentialIdOf(pair.access)
  const project = textOr(projectId, undefined)
  const created = await parts.credentials.create(context, id, { userId, projectId: project, type, blob })
  if (created.kind === 'found') return json(201, { credential: credentialView(created, url) })
  return created.kind === 'exists' ? conflict('credential', id) : unavailable(created)
}

/** An access key keeps its name: it is where the credential is found. */
export async function updateCredential(visit: Visit): Promise<Response> {
  const { type, blob, project_id: projectId } = membersIn(visit.body['credential'])
  return await withOwn(visit, async (credential) => {
    const before = keyPairIn(credential)
    const next = { ...credential, type: textOr(type, credential.type), blob: textOr(blob, credential.blob) }
    const after = keyPairIn(next)
    if (before?.access !== after?.access || (next.type === 'ec2' && after === undefined)) return forbidden()
    const project = textOr(projectId, undefined)
    if (before !== undefined && project !== undefined && !(await mayUse(visit, credential.userId, project))) {
      return forbidden()
    }
    const changed = await visit.parts.credentials.change(visit.context, credential.id, {
      type: next.type,
      blob: next.blob,
      ...(project === undefined ? {} : { projectId: project }),
    })
    if (changed.kind === 'absent') return notFound('credential', credential.id)
    if (changed.kind !== 'found') return unavailable(changed)
    return json(200, { credential: credentialView(changed, visit.url) })
  })
}

async function mayUse({ parts, context }: Visit, userId: string, projectId: string): Promise<boolean> {
  const user = await parts.people.users.find(context, userId)
  return user.kind === 'found' && (await hasRoleOn({ parts, context }, user.value, projectId))
}

/** By itself or through a group; what cannot be looked up now counts for nothing. */
async function hasRoleOn(
  { parts, context }: Pick<Visit, 'parts' | 'context'>,
  user: User,
  projectId: string,
): Promise<boolean> {
  const grants = await effectiveGrants(context, parts.people, user)
  if ('kind' in grants) return false
  const roles = await rolesReaching(context, parts.people, grants, projectScope(projectId))
  return !('kind' in roles) && roles.length > 0
}

export async function deleteCredential(visit: Visit): Promise<Response> {
  return await withOwn(visit, (credential) => removed(visit, credential.id))
}

async function removed({ parts, context }: Visit, id: string): Promise<Response> {
  const outcome = await parts.credentials.remove(context, id)
  if (outcome.kind === 'removed') return noContent()
  return outcome.kind === 'absent' ? notFound('credential', id) : unavailable(outcome)
}

/** Who is no administrator does not learn whether somebody else's is there. */
async function withOwn(
  visit: Visit,
  then: (credential: OpenedCredential) => Promise<Response>,
): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const id = visit.named['credential'] ?? ''
  const found = await visit.parts.credentials.find(visit.context, id)
  const asking = callerOf(visit).identified
  const isOwn = found.kind === 'found' && found.userId === asking.user.id
  if (found.kind === 'found' && (isOwn || hasRole(asking, 'admin'))) return await then(found)
  if (found.kind !== 'found' && found.kind !== 'absent') return unavailable(found)
  return hasRole(asking, 'admin') ? notFound('credential', id) : forbidden()
}

// ---- key pairs ---------------------------------------------------------------------------------------------------

export async function listKeyPairs(visit: Visit): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const { parts, context, named, url } = visit
  const userId = named['user'] ?? ''
  const listed = await parts.credentials.list(context, userId)
  if ('kind' in listed) return unavailable(listed)
  const views = listed.filter((one) => one.type === 'ec2').map((one) => ec2View(one, url))
  return json(200, listView('credentials', views, visit.self))
}

export async function createKeyPair(visit: Visit): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const { parts, context, body, url } = visit
  return await withUser(visit, async (user) => {
    const projectId = textOr(body['tenant_id'], callerOf(visit).identified.project?.id ?? '')
    const project = await parts.people.projects.find(context, projectId)
    if (project.kind === 'absent') return notFound('project', projectId)
    if (!(await hasRoleOn(visit, user.value, projectId))) return forbidden()
    const pair = parts.credentials.newKeyPair()
    const created = await parts.credentials.create(context, credentialIdOf(pair.access), {
      userId: user.id,
      projectId,
      type: 'ec2',
      blob: blobOf(pair),
    })
    return created.kind === 'found' ? json(201, { credential: ec2View(created, url) }) : unavailable()
  })
}

export async function showKeyPair(visit: Visit): Promise<Response> {
  return await withKeyPair(visit, async (credential) =>
    json(200, { credential: ec2View(credential, visit.url) }),
  )
}

export async function deleteKeyPair(visit: Visit): Promise<Response> {
  return await withKeyPair(visit, (credential) => removed(visit, credential.id))
}

async function withKeyPair(
  visit: Visit,
  then: (credential: OpenedCredential) => Promise<Response>,
): Promise<Response> {
  if (isLimited(visit)) return forbidden()
  const { parts, context, named } = visit
  const access = named['access'] ?? ''
  const found = await parts.credentials.findKeyPair(context, access)
  if (found.kind !== 'found' && found.kind !== 'absent') return unavailable(found)
  const isTheirs = found.kind === 'found' && found.credential.userId === named['user']
  return isTheirs ? await then(found.credential) : notFound('credential', access)
}
