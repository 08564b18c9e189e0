/**
 * The account server: what one device's accounts answer to proxies and container servers, in the backend dialect of
 * OpenStack Swift (`account/server.py`).
 */
import { parseAccountOrContainerAddress } from '#backend/address.ts'
import { announceCapabilities } from '#backend/capabilities.ts'
import { failureLayer } from '#backend/failure-layer.ts'
import { answerByIndexStanding, standingBy } from '#backend/index-standing.ts'
import { Refusal } from '#backend/refusal.ts'
import type { ReplicaStates } from '#backend/replica-state.ts'
import { refuseReplicate } from '#backend/replicate.ts'
import { serveSync } from '#backend/serve-sync.ts'
import type { SyncLedger } from '#backend/sync-ledger.ts'
import { serveVerbs } from '#backend/verbs.ts'
import type { Capability } from '#base/extensions.ts'
import type { HashPathSalt } from '#base/names.ts'
import { containerRows } from '#db/container-row.ts'
import { PageCache } from '#db/page-cache.ts'
import { syncVerb } from '#db/sync-server.ts'
import { type Handler, pipeline, type Request, type Response } from '#http/message.ts'
import type { AccountService } from './service.ts'
import { accountDelete } from './verbs/account-delete.ts'
import { accountGet, accountHead } from './verbs/account-get.ts'
import { accountPost } from './verbs/account-post.ts'
import { accountPut } from './verbs/account-put.ts'
import { containerPut } from './verbs/container-put.ts'

export interface AccountServerDeps extends Omit<AccountService, 'pages'> {
  readonly replicaStates: ReplicaStates
  /** What this device is to each partition. */
  readonly ledger: SyncLedger
  readonly salt: HashPathSalt
  /** What `OPTIONS` says in `Server`. */
  readonly version: string
}

const CAPABILITIES: readonly Capability[] = ['digest', 'replica-state', 'sync']

/** The handler of one device's account server. Access log and node authentication are layers of whoever serves it. */
export function createAccountServer(deps: AccountServerDeps): Handler {
  const service: AccountService = { ...deps, pages: new PageCache() }
  const verbs = serveVerbs({
    server: `account-server/${deps.version}`,
    verbs: {
      GET: (request) => accountGet(service, request),
      HEAD: (request) => accountHead(service, request),
      PUT: (request) => put(service, request),
      POST: (request) => accountPost(service, request),
      DELETE: (request) => accountDelete(service, request),
      REPLICATE: refuseReplicate('account-server', deps.log),
    },
  })
  const { index, salt, ledger } = deps
  const giveUp = (hash: string, beforeMs: number): Promise<void> => ledger.giveUp(hash, beforeMs)
  const sync = { index, salt, standing: standingBy(ledger), giveUp }
  return pipeline(verbs, [
    failureLayer(deps.drive, deps.log),
    announceCapabilities('account', CAPABILITIES, deps.replicaStates),
    serveSync({ drive: deps.drive, ...syncVerb({ ...sync, kind: containerRows, level: 'account' }) }),
    answerByIndexStanding({ kept: 'account', ledger: deps.ledger, salt: deps.salt }),
  ])
}

async function put(service: AccountService, request: Request): Promise<Response> {
  const address = parseAccountOrContainerAddress(request)
  if (address instanceof Refusal) return address.response
  const unfit = await service.drive.refuse(address.device, 'write')
  if (unfit !== undefined) return unfit.response
  return 'container' in address
    ? containerPut(service, request, address)
    : accountPut(service, request, address)
}
