/**
 * Who may make and change a container: each thing that the headers change is an action of its own. Access lists are
 * changed by owners, and by those whom the bucket's policy or S3 list lets change them; of all others' changes they are
 * left out silently, as in Swift.
 */
import type { ContainerGrants } from '#auth/access-question.ts'
import { parseAcl } from '#auth/container-acl.ts'
import type { S3Action } from '#auth/s3/actions.ts'
import type { Response } from '#http/message.ts'
import type { ContainerName } from '#store/operation.ts'
import { publicAccessOf } from '../access/account-block.ts'
import { askAccess } from '../access/ask-access.ts'
import { containerGrantsOf } from '../access/container-grants.ts'
import { answer } from '../answers.ts'
import type { Transaction } from '../transaction.ts'
import { askerOf, decisionOn, denialAnswer } from './authorize.ts'
import { changeActions, changesAccessLists, changesLabelsOnly, opensToPublic } from './swift-actions.ts'
import type { Access, SwiftDoorDeps } from './visit.ts'

export async function decideChange(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: ContainerName,
  by: Access['by'],
): Promise<Access | Response> {
  const { request } = transaction
  const lists = changesAccessLists(request.headers)
    ? await askAccess(deps.access, askerOf(transaction), { action: 's3:PutBucketAcl', name })
    : undefined
  if (lists?.kind === 'allow' && (await isBlocked(deps, transaction, name))) {
    return denialAnswer(transaction, 403)
  }
  const actions = changeActions(request)
  const others = await decideAll(deps, transaction, name, actions)
  const mayChangeLists = lists?.kind === 'allow' ? 'may_change' : undefined
  if ('status' in others) {
    // Whoever may change nothing else may still change just the lists.
    const isOnlyLists = mayChangeLists !== undefined && changesLabelsOnly(actions)
    return isOnlyLists ? { owner: false, lists: mayChangeLists, by } : others
  }
  // An owner is told that a policy keeps them from it.
  if (others.owner && lists !== undefined && lists.kind !== 'allow') return answer(403)
  return { owner: others.owner, lists: mayChangeLists, by }
}

async function decideAll(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: ContainerName,
  actions: readonly S3Action[],
): Promise<{ readonly owner: boolean } | Response> {
  let owner = true
  for (const action of actions) {
    const decision = await decisionOn(deps, transaction, { action, name })
    if ('status' in decision) return decision
    owner &&= decision.owner
  }
  return { owner }
}

/** Of a container that is yet to be made. */
const NEW: ContainerGrants = { read: parseAcl(undefined), write: parseAcl(undefined), bucket: undefined }

/** Public lists are not set where the bucket or its account blocks them, nor while nobody can say whether they do. */
async function isBlocked(
  deps: SwiftDoorDeps,
  transaction: Transaction,
  name: ContainerName,
): Promise<boolean> {
  if (!opensToPublic(transaction.request.headers)) return false
  const info = await deps.store.containers.info(transaction, name)
  const grants = info === undefined ? NEW : await containerGrantsOf(deps.access, transaction, name, info)
  if (grants === 'unavailable') return true
  const blocked = await publicAccessOf(deps.access, transaction, name, grants)
  return blocked === 'unavailable' || blocked.blockPublicAcls
}
