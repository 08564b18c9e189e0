/**
 * How many answers are enough, and which answer is the answer. Pure. The rules are OpenStack Swift's
 * (`common/utils`: `quorum_size`; `proxy/controllers/base.py`: `best_response`; `obj.py`: `num_container_updates`),
 * besides the strict majority, which is what *proves* something (`docs/architecture.md`, "The rules").
 */

/** What a plain write needs of `replicas`: half of them, rounded up. */
export function quorumSize(replicas: number): number {
  return Math.floor((replicas + 1) / 2)
}

/** What a proof needs: more than half, so that any two majorities share a replica. */
export function majoritySize(replicas: number): number {
  return Math.floor(replicas / 2) + 1
}

/** How many replicas, beyond those a plain write may have missed, must be asked to be sure to see that write. */
export function readsToSeeEveryWrite(replicas: number): number {
  return replicas - quorumSize(replicas) + 1
}

/** Stands for a replica that gave no answer. */
export const NO_ANSWER = 503

/** Have enough replicas answered alike (success, redirection, refusal) that the rest cannot change the answer? */
export function isDecided(statuses: readonly number[], replicas: number): boolean {
  return decidedClass(statuses, quorumSize(replicas)) !== undefined
}

/** `2`, `3` or `4`: the first class of statuses that at least `quorum` answers have. */
function decidedClass(statuses: readonly number[], quorum: number): number | undefined {
  for (const hundred of [2, 3, 4]) {
    let count = 0
    for (const status of statuses) if (Math.floor(status / 100) === hundred) count += 1
    if (count >= quorum) return hundred
  }
  return undefined
}

/**
 * The status to give for the statuses of a write: the highest of the class that a quorum agrees on; 503 when none does.
 * `overrides` are looked at only then: a DELETE's 404 may count as a success where that makes a quorum.
 */
export function bestStatus(
  statuses: readonly number[],
  replicas: number,
  overrides: ReadonlyMap<number, number> = NO_OVERRIDES,
): number {
  const quorum = quorumSize(replicas)
  const agreed = decidedClass(statuses, quorum)
  if (agreed !== undefined) return highestOf(statuses, agreed)
  const counted = statuses.map((status) => overrides.get(status) ?? status)
  const overridden = decidedClass(counted, quorum)
  return overridden === undefined ? NO_ANSWER : highestOf(counted, overridden)
}

const NO_OVERRIDES: ReadonlyMap<number, number> = new Map()

function highestOf(statuses: readonly number[], hundred: number): number {
  return Math.max(...statuses.filter((status) => Math.floor(status / 100) === hundred))
}

/**
 * How many container rows the object servers must be told to write, all together: each container replica is named at
 * least once, and a quorum of rows survives when only a quorum of the object servers does its part.
 */
export function containerUpdatesNeeded(containerReplicas: number, objectReplicas: number): number {
  const surviving = quorumSize(containerReplicas) + objectReplicas - quorumSize(objectReplicas)
  return Math.max(surviving, containerReplicas)
}

/** Copies that a write with its quorum may lack and that no handoff takes over: in a ring with few devices. */
export function copiesWithoutStandIn(copies: number, handoffs: number): number {
  return Math.max(0, copies - quorumSize(copies) - handoffs)
}
