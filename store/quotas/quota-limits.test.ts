import t from 'tap'
import { ZERO_TIMESTAMP } from '#base/timestamp.ts'
import type { HeaderMap } from '#http/message.ts'
import type { AccountInfo, ContainerInfo } from '#store/contract.ts'
import { limitsFor } from './quota-limits.ts'

function container(metadata: HeaderMap): ContainerInfo {
  return {
    objectCount: 0,
    bytesUsed: 0,
    policyIndex: 3,
    statusChangedAt: ZERO_TIMESTAMP,
    readAcl: undefined,
    writeAcl: undefined,
    syncKey: undefined,
    metadata,
  }
}

function account(metadata: HeaderMap): AccountInfo {
  return { containerCount: 0, objectCount: 0, bytesUsed: 0, metadata }
}

t.test('quotas are read from where each release of Swift keeps them', async (t) => {
  t.same(limitsFor(container({}), account({})), {})
  const own = container({ 'x-container-meta-quota-bytes': '10', 'x-container-meta-quota-count': '2' })
  t.same(limitsFor(own, undefined), { container: { bytes: 10, count: 2 } })
  const older = account({ 'x-account-meta-quota-bytes': '7' })
  t.same(limitsFor(container({}), older), { account: { bytes: 7, count: undefined } })
  const newer = account({
    'x-account-meta-quota-bytes': '7',
    'x-account-sysmeta-quota-bytes': '8',
    'x-account-sysmeta-quota-count-policy-3': '1',
    'x-account-sysmeta-quota-bytes-policy-4': '1',
  })
  t.same(limitsFor(container({}), newer), {
    account: { bytes: 8, count: undefined },
    policy: { bytes: undefined, count: 1 },
  })
})

t.test('what is no number is no quota', async (t) => {
  for (const written of ['', 'ten', '-1', '1.5', ' 1', '1e9']) {
    t.same(limitsFor(container({ 'x-container-meta-quota-bytes': written }), undefined), {}, written)
  }
})
