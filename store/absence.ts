/**
 * What a 404 says to a write of an account or a container that must be there. A handoff and a joining replica know nothing of
 * it; a majority of primaries that would know must say so (`docs/architecture.md`, "404 is a statement"). Pure.
 */
import { statusesOf, type WaitRules, type WriteAnswer } from '#cluster/fan-out-write.ts'
import type { Placement } from '#cluster/placement.ts'
import { isDecided, majoritySize } from '#cluster/quorum.ts'
import { evidenceOf } from '#cluster/read-evidence.ts'
import type { StoreFailure } from './failure.ts'
import { verdictOf } from './write-outcome.ts'

/** Longest wait for somebody who knows what others do not, milliseconds. */
const ABSENCE_PATIENCE_MS = 2_000

type Server = 'account' | 'container'
type Primaries = Pick<Placement, 'primaries'>

/** `taken`: somebody knew it, did what was asked, and tells the others. `unknown`: nobody who knows it could be asked. */
export type Absence = 'proven' | 'taken' | 'unknown'

/** What it is that a quorum has answered 404. */
export function absenceBy(answers: readonly WriteAnswer[], placement: Primaries, server: Server): Absence {
  if (provesAbsence(answers, placement, server)) return 'proven'
  return answers.some(({ status }) => status >= 200 && status < 300) ? 'taken' : 'unknown'
}

/** A 404 that proves nothing is waited with for a while: another server may know better. */
export function untilProven(placement: Primaries, server: Server): WaitRules {
  const replicas = placement.primaries.length
  const isQuorum = (answers: readonly WriteAnswer[]): boolean => isDecided(statusesOf(answers), replicas)
  return {
    isDecided: isQuorum,
    isSettled: (answers) =>
      isQuorum(answers) &&
      (verdictOf(answers, replicas).status !== 404 || provesAbsence(answers, placement, server)),
    patienceMs: ABSENCE_PATIENCE_MS,
  }
}

/** The failure that a 404 is which proves nothing. */
export function notProven(server: Server): Extract<StoreFailure, { readonly kind: 'unavailable' }> {
  return { kind: 'unavailable', reason: `too few of the servers know the ${server}` }
}

function provesAbsence(answers: readonly WriteAnswer[], { primaries }: Primaries, server: Server): boolean {
  const knowing = answers.filter(({ node, status, headers }) => {
    if (status !== 404 || node === undefined || !primaries.includes(node)) return false
    const evidence = evidenceOf({ status, headers, body: undefined }, { server, role: 'primary' })
    return evidence.kind === 'absent' && evidence.voter
  })
  return knowing.length >= majoritySize(primaries.length)
}
