/** What is stored today is what version 1 stores, byte for byte, and is understood. */
import t from 'tap'
import type { RecordKind } from '#store/records/contract.ts'
import { decodeRecord, encodeRecord } from '#store/records/record-form.ts'
import { CREDENTIAL_RECORDS } from '../credentials.ts'
import { PROJECT_RECORDS } from './project.ts'
import { ROLE_RECORDS } from './role.ts'
import { newUser, USER_RECORDS, type User } from './user.ts'

const USER: User = {
  ...newUser('wren'),
  password: { kind: 'hashed', hash: 'scrypt$15$8$3$c2FsdA$aGFzaA' },
  generation: 2,
  revoked: [{ auditId: 'audit', expiresAtSeconds: 1_700_000_000 }],
  grants: [{ scope: 'project', id: 'p', roleIds: ['r'] }],
  applicationCredentials: [
    {
      id: 'a',
      name: 'backup',
      description: '',
      secretHash: 'scrypt$15$8$3$c2FsdA$aGFzaA',
      projectId: 'p',
      roleIds: ['r'],
      expiresAtMs: 1_700_000_000_000,
      unrestricted: false,
    },
  ],
  defaultProjectId: 'p',
  email: 'wren@example.com',
  extra: { room: 5 },
}

const GOLDEN_USER =
  '{"martlet":"users","version":1,"value":{"name":"wren","enabled":true,"password":{"kind":"hashed","hash":"scrypt$15$8$3$c2FsdA$aGFzaA"},"generation":2,"revoked":[{"auditId":"audit","expiresAtSeconds":1700000000}],"grants":[{"scope":"project","id":"p","roleIds":["r"]}],"applicationCredentials":[{"id":"a","name":"backup","description":"","secretHash":"scrypt$15$8$3$c2FsdA$aGFzaA","projectId":"p","roleIds":["r"],"expiresAtMs":1700000000000,"unrestricted":false}],"defaultProjectId":"p","email":"wren@example.com","extra":{"room":5},"state":"present"}}\n'

function same<Value>(
  name: string,
  {
    kind,
    value,
    golden,
  }: { readonly kind: RecordKind<Value>; readonly value: Value; readonly golden: string },
): void {
  t.test(name, async (t) => {
    t.equal(encodeRecord(kind, value).toString(), golden)
    t.same(decodeRecord(kind, Buffer.from(golden)), { kind: 'value', value })
  })
}

same('a user', { kind: USER_RECORDS, value: USER, golden: GOLDEN_USER })
same('a project', {
  kind: PROJECT_RECORDS,
  value: {
    name: 'aviary',
    description: 'birds',
    enabled: true,
    tags: ['x'],
    extra: {},
    state: 'present',
  },
  golden:
    '{"martlet":"projects","version":1,"value":{"name":"aviary","description":"birds","enabled":true,"tags":["x"],"extra":{},"state":"present"}}\n',
})
same('a role', {
  kind: ROLE_RECORDS,
  value: { name: 'auditor', description: '', state: 'present' },
  golden: '{"martlet":"roles","version":1,"value":{"name":"auditor","description":"","state":"present"}}\n',
})
same('a credential', {
  kind: CREDENTIAL_RECORDS,
  value: { userId: 'u', projectId: 'p', type: 'ec2', sealedBlob: 'AQE' },
  golden:
    '{"martlet":"credentials","version":1,"value":{"userId":"u","projectId":"p","type":"ec2","sealedBlob":"AQE"}}\n',
})

t.test('a password that is not understood lets nobody in', async (t) => {
  const written = JSON.parse(GOLDEN_USER) as { value: { password: unknown } }
  for (const password of [undefined, null, 'clear', { kind: 'other' }, { kind: 'hashed' }]) {
    written.value.password = password
    const decoded = decodeRecord(USER_RECORDS, Buffer.from(JSON.stringify(written)))
    t.match(decoded, { kind: 'value', value: { password: { kind: 'none' } } })
  }
})
