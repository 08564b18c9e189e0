/** Says in every answer which of our extensions this server has, and whether the replica asked may vote. */

import { CAPABILITIES_HEADER, type Capability, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import { decodePercent, type ResourceName } from '#base/names.ts'
import type { Layer, Request } from '#http/message.ts'
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
  return (inner) => async (request) => {
    const response = await inner(request)
    const state = response.headers[REPLICA_STATE_HEADER] ?? stateOf(kept, states, request)
    const headers = { ...response.headers, [CAPABILITIES_HEADER]: announced, [REPLICA_STATE_HEADER]: state }
    return { ...response, headers }
  }
}

const PARTITION = /^\/[^/]+\/\d{1,10}(?:\/|$)/

/**
 * The partition's number in the path is that of the sender's ring, which may be an older or a newer one than any other
 * node has: what counts is the hash of the name. Where no name is given a device of which some part is joining is.
 */
function stateOf(kept: Kept, states: ReplicaStates, { path }: Request): ReplicaState | undefined {
  const start = PARTITION.exec(path)?.[0].length
  if (start === undefined) return undefined
  const all = states.ofAll
  if (all !== 'mixed') return all
  const name = nameIn(kept, path.slice(start))
  return name === undefined ? 'joining' : states.ofName(name)
}

function nameIn(kept: Kept, encoded: string): ResourceName | undefined {
  const [account = '', container = '', ...rest] = (decodePercent(encoded) ?? '').split('/')
  const object = rest.join('/')
  if (account === '') return undefined
  if (kept === 'account') return { account }
  if (container === '') return undefined
  if (kept === 'container') return { account, container }
  return object === '' ? undefined : { account, container, object }
}
