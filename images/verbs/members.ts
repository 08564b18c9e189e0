/** Projects that an image is shared with. Only shared images have members that count. */
import { emptyAnswer, jsonAnswer } from '../answers.ts'
import type { Caller } from '../caller.ts'
import { isOver } from '../limits.ts'
import { type ImageMember, type ImageRecord, MEMBER_STATUSES } from '../model/image-record.ts'
import { memberView } from '../model/image-view.ts'
import { isObject } from '../model/json-schema.ts'
import { mayChange, owns } from '../policy.ts'
import { badRequest, conflict, forbidden, notFound, overLimit, Refusal } from '../refusal.ts'
import type { ImageVerb, ImageVisit } from '../visit.ts'
import { visibleImage } from './found-image.ts'
import { type ImageRoute, route } from './route.ts'

const ID_LENGTH = 255

const list: ImageVerb = async (visit) => {
  const image = await sharedImage(visit)
  if (image instanceof Refusal) return image
  const shown = image.members.filter((member) => maySeeMember(visit.caller, image, member.id))
  return jsonAnswer(200, {
    members: shown.map((member) => memberView(image.id, member)),
    schema: '/v2/schemas/members',
  })
}

const show: ImageVerb = async (visit) => {
  const image = await sharedImage(visit)
  if (image instanceof Refusal) return image.status === 403 ? notFound(image.message) : image
  const member = memberOf(visit, image)
  return member instanceof Refusal ? member : jsonAnswer(200, memberView(image.id, member))
}

const add: ImageVerb = async (visit) => {
  const body = visit.json
  if (!isObject(body) || body['member'] === undefined) return badRequest('Member to be added not specified')
  const member = body['member']
  if (typeof member !== 'string' || member === '') return badRequest('Member to be added not specified')
  if (member.length > ID_LENGTH)
    return badRequest(`The name of a member has at most ${ID_LENGTH} characters.`)
  const seen = await sharedImage(visit)
  if (seen instanceof Refusal) return seen
  if (!mayChange(visit.caller, seen)) return forbidden(`Not allowed to create members for image ${seen.id}.`)
  const nowMs = visit.registry.environment.clock.wallMs()
  const added: ImageMember = { id: member, status: 'pending', createdAt: nowMs, updatedAt: nowMs }
  const most = visit.registry.options.limits.members
  return await answerWithMember(visit, seen, added, (image) => {
    if (image.members.some(({ id }) => id === member)) {
      return conflict(`Member ${member} is duplicated for image ${image.id}`)
    }
    if (isOver(image.members.length + 1, most)) {
      return overLimit(`The limit of ${most} members of image ${image.id} is reached.`)
    }
    return { ...image, members: [...image.members, added] }
  })
}

const change: ImageVerb = async (visit) => {
  const body = visit.json
  if (!isObject(body) || body['status'] === undefined) return badRequest('Status not specified')
  const status = MEMBER_STATUSES.find((one) => one === body['status'])
  const seen = await sharedImage(visit)
  if (seen instanceof Refusal) return seen
  const known = seen.members.find(({ id }) => id === visit.names[1])
  if (known === undefined) return noMember(visit.names[1] ?? '', seen)
  const refused = mayNotAnswer(visit, seen)
  if (refused !== undefined) return refused
  const member = memberOf(visit, seen)
  if (member instanceof Refusal) return member
  if (status === undefined) return badRequest('Status must be "pending", "accepted" or "rejected".')
  const changed = { ...member, status, updatedAt: visit.registry.environment.clock.wallMs() }
  return await answerWithMember(visit, seen, changed, (image) => ({
    ...image,
    members: image.members.map((one) => (one.id === changed.id ? changed : one)),
  }))
}

/** The project decides whether it wants the image; its owner does not. */
function mayNotAnswer({ caller, names }: ImageVisit, image: ImageRecord): Refusal | undefined {
  if (caller.isAdmin) return undefined
  const isItself = caller.projectId === names[1] && caller.roles.includes('member')
  if (isItself && !owns(caller, image)) return undefined
  return forbidden(`Not allowed to update members for image ${image.id}.`)
}

const remove: ImageVerb = async (visit) => {
  const seen = await sharedImage(visit)
  if (seen instanceof Refusal) return seen
  if (!mayChange(visit.caller, seen)) return forbidden(`Not allowed to delete members for image ${seen.id}.`)
  const member = memberOf(visit, seen)
  if (member instanceof Refusal) return member
  const without = (image: ImageRecord): ImageRecord => ({
    ...image,
    members: image.members.filter(({ id }) => id !== member.id),
  })
  const changed = await visit.registry.records.change(visit.context, seen.id, without, 'server')
  return changed instanceof Refusal ? changed : emptyAnswer(204)
}

async function answerWithMember(
  { registry, context }: ImageVisit,
  { id }: ImageRecord,
  member: ImageMember,
  apply: (image: ImageRecord) => ImageRecord | Refusal,
): ReturnType<ImageVerb> {
  const changed = await registry.records.change(context, id, apply, 'server')
  return changed instanceof Refusal ? changed : jsonAnswer(200, memberView(id, member))
}

async function sharedImage(visit: ImageVisit): Promise<ImageRecord | Refusal> {
  const image = await visibleImage(visit)
  if (image instanceof Refusal) return image
  return image.visibility === 'shared' ? image : forbidden('Only shared images have members.')
}

function memberOf({ names, caller }: ImageVisit, image: ImageRecord): ImageMember | Refusal {
  const [, id = ''] = names
  const member = image.members.find((one) => one.id === id)
  if (member !== undefined && maySeeMember(caller, image, id)) return member
  return noMember(id, image)
}

function noMember(id: string, image: ImageRecord): Refusal {
  return notFound(`${id} not found in the member list of the image ${image.id}.`)
}

function maySeeMember(caller: Caller, image: ImageRecord, memberId: string): boolean {
  return caller.isAdmin || owns(caller, image) || caller.projectId === memberId
}

export const memberRoutes: readonly ImageRoute[] = [
  route('GET', '/images/:id/members', list),
  route('POST', '/images/:id/members', add, 'json'),
  route('GET', '/images/:id/members/:member', show),
  route('PUT', '/images/:id/members/:member', change, 'json'),
  route('DELETE', '/images/:id/members/:member', remove),
]
