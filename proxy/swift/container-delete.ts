/** DELETE of a container, which must be empty. */
import { answer } from '../answers.ts'
import { failureAnswer } from './failure-answers.ts'
import type { ContainerVerb } from './visit.ts'

export const containerDelete: ContainerVerb = async ({ store }, { name, transaction }) => {
  const deleted = await store.containers.delete(transaction, name)
  return deleted.kind === 'deleted' ? answer(204) : failureAnswer(deleted)
}
