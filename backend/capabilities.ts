/** Says in every answer which of our extensions this server has, and whether the replica asked may vote. */
import type { Layer } from '#http/message.ts'
import { CAPABILITIES_HEADER, type Capability, REPLICA_STATE_HEADER } from './extensions.ts'
import type { ReplicaStates } from './replica-state.ts'

const PARTITION = /^\/[^/]+\/(\d{1,10})(?:\/|$)/

export function announceCapabilities(capabilities: readonly Capability[], states: ReplicaStates): Layer {
  const announced = capabilities.join(',')
  return (inner) => async (request) => {
    const response = await inner(request)
    const partition = PARTITION.exec(request.path)?.[1]
    const state = partition === undefined ? undefined : states.of(Number(partition))
    const headers = { ...response.headers, [CAPABILITIES_HEADER]: announced, [REPLICA_STATE_HEADER]: state }
    return { ...response, headers }
  }
}
