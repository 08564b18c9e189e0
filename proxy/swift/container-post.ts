/** POST of a container: changes its metadata. */
import { answer } from '../answers.ts'
import { containerChangesIn } from './container-changes.ts'
import { changeFailureAnswer } from './failure-answers.ts'
import type { ContainerVerb } from './visit.ts'

export const containerPost: ContainerVerb = async (
  { store, syncRealms },
  { name, request, transaction, access },
) => {
  const parsed = containerChangesIn(request.headers, access, syncRealms)
  if (parsed.kind === 'refused') return parsed.response
  const posted = await store.containers.post(transaction, name, parsed.changes)
  return posted.kind === 'updated' ? answer(204) : changeFailureAnswer(posted)
}
