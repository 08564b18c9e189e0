/**
 * Will a listing show what was just written? Every object server says which container servers have its row by now. A
 * strict majority of them makes the listing sure, because a listing asks a majority too. Pure.
 */
import { CONTAINER_UPDATE_APPLIED_HEADER, CONTAINER_UPDATE_QUEUED_HEADER } from '#base/extensions.ts'
import { statusesOf, type WaitRules, type WriteAnswer } from '#cluster/fan-out-write.ts'
import { isDecided, majoritySize } from '#cluster/quorum.ts'
import { headerOf } from '#http/message.ts'

export interface RowEvidence {
  /** Container servers that have the row. */
  readonly applied: number
  /** Some object server said what became of its row; one of another make says nothing. */
  readonly told: boolean
}

export function rowEvidence(answers: readonly WriteAnswer[]): RowEvidence {
  const applied = new Set<string>()
  let told = false
  for (const { status, headers } of answers) {
    const response = { status, headers, body: undefined }
    const [has, will] = [
      headerOf(response, CONTAINER_UPDATE_APPLIED_HEADER),
      headerOf(response, CONTAINER_UPDATE_QUEUED_HEADER),
    ]
    if (has === undefined && will === undefined) continue
    told = true
    for (const server of (has ?? '').split(',')) if (server !== '') applied.add(server)
  }
  return { applied: applied.size, told }
}

/** May a listing lag behind this write? Unknown where nobody tells: Swift's servers make no promise about it. */
export function isListingPending(answers: readonly WriteAnswer[], containerReplicas: number): boolean {
  const { applied, told } = rowEvidence(answers)
  return told && applied < majoritySize(containerReplicas)
}

/** Wait for a quorum of objects, and then with patience for the majority of rows. */
export function waitForRows(copies: number, containerReplicas: number, patienceMs: number): WaitRules {
  const decided = (answers: readonly WriteAnswer[]): boolean => isDecided(statusesOf(answers), copies)
  return {
    isDecided: decided,
    isSettled: (answers) => decided(answers) && !isListingPending(answers, containerReplicas),
    patienceMs,
  }
}
