/** Says in every answer which of our extensions this server has, and whether the replica asked may vote. */

import { CAPABILITIES_HEADER, type Capability, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { decodePercent, type ResourceName } from '#base/names.ts'
import { remembered } from '#base/remembered.ts'
import type { Layer } from '#http/message.ts'
import type { ReplicaState, ReplicaStates } from './replica-state.ts'

/** What a server keeps replicas of: by its name, and not by that of a row in it, a partition is found. */
export type Kept = 'account' | 'container' | 'object'

/** An answer that says itself whether the replica may vote is left as it is. */
export function announceCapabilities(
  kept: Kept,
  capabilities: readonly Capability[],
  states: ReplicaStates,
): Layer {
  const announced = capabilities.join(',')
  const nameIn = remembered(NAMES_MAX, (path) => resourceIn(kept, path))
  const stateOf = (path: string): ReplicaState | undefined => {
    const all = states.ofAll
    if (all !== 'mixed') return PARTITION.test(path) ? all : undefined
    const name = nameIn(path)
    if (name === 'none') return undefined
    return name === 'whole_device' ? 'joining' : states.ofName(name)
  }
  return (inner) => async (request) => {
    const { status, headers, body } = await inner(request)
    const state = headers[REPLICA_STATE_HEADER] ?? stateOf(request.path)
    const announcing = { ...headers, [CAPABILITIES_HEADER]: announced, [REPLICA_STATE_HEADER]: state }
    return { status, headers: announcing, body }
  }
}

/** Paths of which is remembered what they name. */
const NAMES_MAX = 500

const PARTITION = /^\/[^/]+\/\d{1,10}(?:\/|$)/

/**
 * The partition's number in the path is that of the sender's ring, which may be an older or a newer one than any other
 * node has: what counts is the hash of the name. Where no name is given a device of which some part is joining is.
 */
function resourceIn(kept: Kept, path: string): ResourceName | 'whole_device' | 'none' {
  const start = PARTITION.exec(path)?.[0].length
  if (start === undefined) return 'none'
  const [account = '', container = '', ...rest] = (decodePercent(path.slice(start)) ?? '').split('/')
  const object = rest.join('/')
  if (account === '') return 'whole_device'
  if (kept === 'account') return { account }
  if (container === '') return 'whole_device'
  if (kept === 'container') return { account, container }
  return object === '' ? 'whole_device' : { account, container, object }
}
