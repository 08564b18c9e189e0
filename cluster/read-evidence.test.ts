import t from 'tap'
import { EXPIRED_HEADER, QUARANTINED_HEADER, REPLICA_STATE_HEADER } from '#base/extensions.ts'
import type { Response } from '#http/message.ts'
import { evidenceOf } from './read-evidence.ts'

const DELETED = '1700000001.00000'

function notFound(headers: Response['headers'] = {}): Response {
  return { status: 404, headers, body: undefined }
}

void t.test('a synced primary that has nothing, or a tombstone, votes for absence', async (t) => {
  const asked = { server: 'object', role: 'primary' } as const
  t.match(evidenceOf(notFound(), asked), { kind: 'absent', voter: true })
  t.match(evidenceOf(notFound({ 'x-backend-timestamp': DELETED }), asked), {
    kind: 'absent',
    timestamp: DELETED,
    voter: true,
  })
})

void t.test("a handoff's tombstone has its time, and no vote", async (t) => {
  const asked = { server: 'object', role: 'handoff' } as const
  t.match(evidenceOf(notFound({ 'x-backend-timestamp': DELETED }), asked), {
    kind: 'absent',
    timestamp: DELETED,
    voter: false,
  })
})

void t.test('a joining primary has no vote, whatever it has', async (t) => {
  const asked = { server: 'object', role: 'primary' } as const
  const joining = { [REPLICA_STATE_HEADER]: 'joining' }
  t.match(evidenceOf(notFound(joining), asked), { voter: false })
  t.match(evidenceOf(notFound({ ...joining, 'x-backend-timestamp': DELETED }), asked), {
    timestamp: DELETED,
    voter: false,
  })
})

void t.test(
  'a primary that lost something has no vote, neither with nothing nor with an older version',
  async (t) => {
    const asked = { server: 'object', role: 'primary' } as const
    const lost = { [QUARANTINED_HEADER]: 'true' }
    t.match(evidenceOf(notFound(lost), asked), { kind: 'absent', voter: false })
    const headers = { ...lost, 'x-backend-data-timestamp': DELETED }
    const older = { status: 200, headers, body: undefined }
    t.match(evidenceOf(older, asked), { kind: 'found', timestamp: DELETED, voter: false })
  },
)

void t.test('what has expired outdates what was put before it, and not the same data', async (t) => {
  const asked = { server: 'object', role: 'primary' } as const
  const expired = { [EXPIRED_HEADER]: 'true', 'x-backend-timestamp': '1700000009.00000' }
  t.match(evidenceOf(notFound(expired), asked), { kind: 'absent', timestamp: '0000000000.00000' })
  const told = evidenceOf(notFound({ ...expired, 'x-backend-data-timestamp': DELETED }), asked)
  t.match(told, { kind: 'absent', timestamp: '1700000000.99999', voter: true })
})
