/**
 * The container server: what one device's containers answer to proxies, object servers and peers, in the backend dialect
 * of OpenStack Swift (`container/server.py`) and our extensions of it.
 */
import { type ContainerAddress, type ObjectAddress, parseContainerOrObjectAddress } from '#backend/address.ts'
import { announceCapabilities } from '#backend/capabilities.ts'
import { failureLayer } from '#backend/failure-layer.ts'
import { answerByIndexStanding, standingBy } from '#backend/index-standing.ts'
import { Refusal } from '#backend/refusal.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import { refuseReplicate } from '#backend/replicate.ts'
import { serveSync } from '#backend/serve-sync.ts'
import { requestTimestamp } from '#backend/timestamp-header.ts'
import { serveVerbs } from '#backend/verbs.ts'
import type { Capability } from '#base/extensions.ts'
import { type HashPathSalt, hashName } from '#base/names.ts'
import type { Timestamp } from '#base/timestamp.ts'
import type { DatabaseName } from '#db/info.ts'
import { objectRows } from '#db/object-row.ts'
import { PageCache } from '#db/page-cache.ts'
import { syncVerb } from '#db/sync-server.ts'
import { type Handler, pipeline, type Request, type Response } from '#http/message.ts'
import type { ContainerService } from './service.ts'
import { containerDelete } from './verbs/container-delete.ts'
import { containerGet, containerHead } from './verbs/container-get.ts'
import { containerPost } from './verbs/container-post.ts'
import { containerPut } from './verbs/container-put.ts'
import { objectDelete } from './verbs/object-delete.ts'
import { objectPut } from './verbs/object-put.ts'
import { update } from './verbs/update.ts'

export interface ContainerServerDeps extends Omit<ContainerService, 'pages' | 'mayVote' | 'hashOf'> {
  readonly replicaStates: ReplicaStates
  readonly salt: HashPathSalt
  /** What `OPTIONS` says in `Server`. */
  readonly version: string
}

const CAPABILITIES: readonly Capability[] = [
  'digest',
  'range-digest',
  'rows',
  'changes-since',
  'batch-update',
  'replica-state',
  'sync',
]

/** The handler of one device's container server. Access log and node authentication are layers of whoever serves it. */
export function createContainerServer(deps: ContainerServerDeps): Handler {
  const service: ContainerService = {
    ...deps,
    pages: new PageCache(),
    mayVote: (name) => mayVote(deps, name),
    hashOf: (name) => hashName(name, deps.salt),
  }
  const verbs = serveVerbs({
    server: `container-server/${deps.version}`,
    verbs: {
      GET: (request) => containerGet(service, request),
      HEAD: (request) => containerHead(service, request),
      PUT: writing(service, 'write', containerPut, objectPut),
      DELETE: writing(service, 'delete', containerDelete, objectDelete),
      POST: (request) => containerPost(service, request),
      UPDATE: (request) => update(service, request),
      REPLICATE: refuseReplicate('container-server', deps.log),
    },
  })
  const { index, salt, ledger } = deps
  const giveUp = (hash: string, beforeMs: number): Promise<void> => ledger.giveUp(hash, beforeMs)
  const sync = { index, salt, standing: standingBy(ledger), giveUp }
  return pipeline(verbs, [
    failureLayer(deps.drive, deps.log),
    announceCapabilities('container', CAPABILITIES, deps.replicaStates),
    serveSync({ drive: deps.drive, ...syncVerb({ ...sync, kind: objectRows, level: 'container' }) }),
    answerByIndexStanding({ kept: 'container', ledger: deps.ledger, salt: deps.salt }),
  ])
}

function mayVote({ ledger, salt }: ContainerServerDeps, name: DatabaseName): boolean {
  const hash = hashName(name, salt)
  return ledger.ownsHash(hash) && !ledger.isStaleHash(hash) && ledger.states.ofHash(hash) === 'synced'
}

type Verb<Address> = (
  service: ContainerService,
  request: Request,
  address: Address,
  timestamp: Timestamp,
) => Promise<Response>

/** PUT and DELETE concern the container or, where the path goes on, one of its rows. */
function writing(
  service: ContainerService,
  purpose: 'write' | 'delete',
  ofContainer: Verb<ContainerAddress>,
  ofObject: Verb<ObjectAddress>,
): Handler {
  return async (request) => {
    const address = parseContainerOrObjectAddress(request)
    if (address instanceof Refusal) return address.response
    const timestamp = requestTimestamp(request, service)
    if (timestamp instanceof Refusal) return timestamp.response
    const unfit = await service.drive.refuse(address.device, purpose)
    if (unfit !== undefined) return unfit.response
    return 'object' in address
      ? ofObject(service, request, address, timestamp)
      : ofContainer(service, request, address, timestamp)
  }
}
