/**
 * Quotas of containers, accounts and storage policies, held for every door. An upload reserves what it needs before a byte
 * of it is read, and settles when it is over. Where nothing has a quota an upload costs two looks into memory.
 *
 * An overwrite counts whole until it is over, as in OpenStack Swift.
 */
import type { Clock } from '#base/environment.ts'
import type { ObjectPut, ObjectPutReceipt, Store, StoreLayer } from '../contract.ts'
import type { StoreFailure } from '../failure.ts'
import type { ObjectName, OperationContext } from '../operation.ts'
import { HeldQuota, STEP_BYTES } from './held-quota.ts'
import type { QuotaDesk } from './quota-desk.ts'
import type { Claim } from './quota-ledger.ts'
import { limitsFor, type QuotaScope, type ScopedLimits } from './quota-limits.ts'

export interface QuotasOptions {
  readonly clock: Clock
  readonly desk: QuotaDesk
}

export function quotas(options: QuotasOptions): StoreLayer {
  return (inner) => ({
    accounts: inner.accounts,
    containers: inner.containers,
    objects: {
      read: (context, name, read) => inner.objects.read(context, name, read),
      post: (context, name, post) => inner.objects.post(context, name, post),
      delete: (context, name, gone) => inner.objects.delete(context, name, gone),
      put: (context, name, put) => putWithin(options, inner, context, name, put),
    },
  })
}

async function putWithin(
  { clock, desk }: QuotasOptions,
  inner: Store,
  context: OperationContext,
  name: ObjectName,
  put: ObjectPut,
): Promise<ObjectPutReceipt | StoreFailure> {
  const claim = await claimOf(inner, context, name, put)
  if (claim === undefined) return await inner.objects.put(context, name, put)
  const grant = await desk.claim(claim)
  if (grant === undefined) return await inner.objects.put(context, name, put)
  if (grant.kind === 'refused') {
    await put.body.cancel()
    return overQuota(grant.scope)
  }
  const held = new HeldQuota(desk, clock, claim, grant)
  let stored: number | undefined
  try {
    const outcome = await inner.objects.put(context, name, { ...put, body: held.within(put.body) })
    // A manifest is as long as what was sent of it, whatever it stands for.
    if (outcome.kind === 'created') stored = put.segments === undefined ? outcome.sizeBytes : claim.leastBytes
    return held.refusedFor === undefined || outcome.kind === 'created' ? outcome : overQuota(held.refusedFor)
  } finally {
    await held.settle(stored)
  }
}

/** What the upload has to reserve; `undefined` when no quota holds it. */
async function claimOf(
  { accounts, containers }: Store,
  context: OperationContext,
  { account, container }: ObjectName,
  { body }: ObjectPut,
): Promise<Claim | undefined> {
  const into = await containers.info(context, { account, container })
  if (into === undefined) return undefined
  const owner = context.accountQuotas === 'waived' ? undefined : await accounts.info(context, { account })
  const limits: ScopedLimits = limitsFor(into, owner)
  if (Object.keys(limits).length === 0) return undefined
  const { lengthBytes } = body
  return {
    account,
    container,
    policyIndex: into.policyIndex,
    limits,
    leastBytes: lengthBytes ?? 0,
    mostBytes: lengthBytes ?? STEP_BYTES,
  }
}

function overQuota(scope: QuotaScope): StoreFailure {
  return { kind: 'over_quota', scope }
}
