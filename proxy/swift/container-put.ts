/** PUT of a container: creates it, with a storage policy, or changes what is there. */
import { quoted } from '#auth/container-acl.ts'
import type { StoragePolicies } from '#backend/policies.ts'
import type { HeaderMap, Response } from '#http/message.ts'
import { answer, emptyAnswer, HTML_TYPE, textAnswer } from '../answers.ts'
import { checkContainerName, containerChangesIn } from './container-changes.ts'
import { changeFailureAnswer, isFailure } from './failure-answers.ts'
import { projectDomainIn } from './project-domain.ts'
import type { ContainerVerb } from './visit.ts'

export const containerPut: ContainerVerb = async (
  { store, policies, syncRealms },
  { name, request, transaction, access },
) => {
  const parsed = containerChangesIn(request.headers, access, syncRealms)
  if (parsed.kind === 'refused') return parsed.response
  const policy = policyIn(request.headers, policies)
  if (policy.kind === 'refused') return policy.response
  const tooLong = checkContainerName(name.container)
  if (tooLong !== undefined) return tooLong
  const put = await store.containers.put(transaction, name, {
    changes: parsed.changes,
    policyIndex: policy.index,
    accountMetadata: projectDomainIn(request.headers),
  })
  // Swift cannot create the account anew while the old one is being emptied, and says so with 503.
  if (isFailure(put)) return put.kind === 'account_deleted' ? answer(503) : changeFailureAnswer(put)
  return put.kind === 'created' ? emptyAnswer(201) : answer(202)
}

type ChosenPolicy =
  | { readonly kind: 'policy'; readonly index: number | undefined }
  | { readonly kind: 'refused'; readonly response: Response }

function policyIn(headers: HeaderMap, policies: StoragePolicies): ChosenPolicy {
  const name = headers['x-storage-policy']
  if (name === undefined || name === '') return { kind: 'policy', index: undefined }
  const policy = policies.byName(name)
  if (policy === undefined) {
    return { kind: 'refused', response: textAnswer(400, `Invalid X-Storage-Policy '${name}'`) }
  }
  if (policy.deprecated) {
    const text = `Storage Policy ${quoted(policy.name)} is deprecated`
    return { kind: 'refused', response: textAnswer(400, text, HTML_TYPE) }
  }
  return { kind: 'policy', index: policy.index }
}
