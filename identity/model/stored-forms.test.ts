/** What is stored today is what version 1 stores, byte for byte, and is understood. */
import t from 'tap'
import type { RecordKind } from '#store/records/contract.ts'
import { decodeRecord, encodeRecord } from '#store/records/record-form.ts'
import { CREDENTIAL_RECORDS } from '../credentials.ts'
import { FURTHER_RECORDS } from '../further-catalogue.ts'
import { LIMIT_RECORDS } from '../limits.ts'
import { DOMAIN_RECORDS, newDomain } from './domain.ts'
import { GROUP_RECORDS, newGroup } from './group.ts'
import { PROJECT_RECORDS } from './project.ts'
import { ROLE_RECORDS } from './role.ts'
import { TRUST_RECORDS } from './trust.ts'
import { newUser, USER_RECORDS, type User } from './user.ts'

const USER: User = {
  ...newUser('wren'),
  password: { kind: 'hashed', hash: 'scrypt$15$8$3$c2FsdA$aGFzaA', setAtMs: 1_700_000_000_000 },
  generation: 2,
  revoked: [{ auditId: 'audit', expiresAtSeconds: 1_700_000_000 }],
  grants: [{ scope: 'project', id: 'p', roleIds: ['r'] }],
  groupIds: ['g'],
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
  '{"martlet":"users","version":1,"value":{"name":"wren","domainId":"default","enabled":true,"password":{"kind":"hashed","hash":"scrypt$15$8$3$c2FsdA$aGFzaA","setAtMs":1700000000000},"generation":2,"revoked":[{"auditId":"audit","expiresAtSeconds":1700000000}],"grants":[{"scope":"project","id":"p","roleIds":["r"]}],"groupIds":["g"],"applicationCredentials":[{"id":"a","name":"backup","description":"","secretHash":"scrypt$15$8$3$c2FsdA$aGFzaA","projectId":"p","roleIds":["r"],"expiresAtMs":1700000000000,"unrestricted":false}],"defaultProjectId":"p","email":"wren@example.com","extra":{"room":5},"state":"present"}}\n'

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
    domainId: 'default',
    description: 'birds',
    enabled: true,
    tags: ['x'],
    extra: {},
    state: 'present',
  },
  golden:
    '{"martlet":"projects","version":1,"value":{"name":"aviary","domainId":"default","description":"birds","enabled":true,"tags":["x"],"extra":{},"state":"present"}}\n',
})
same('a project under another one, that nobody changes', {
  kind: PROJECT_RECORDS,
  value: {
    name: 'cage',
    domainId: 'default',
    parentId: 'p',
    childrenMade: 2,
    description: null,
    enabled: true,
    tags: [],
    options: { immutable: true },
    extra: {},
    state: 'present',
  },
  golden:
    '{"martlet":"projects","version":1,"value":{"name":"cage","domainId":"default","parentId":"p","childrenMade":2,"description":null,"enabled":true,"tags":[],"options":{"immutable":true},"extra":{},"state":"present"}}\n',
})
same('a trust', {
  kind: TRUST_RECORDS,
  value: {
    trustorId: 'u',
    trusteeId: 'v',
    impersonation: true,
    projectId: 'p',
    roleIds: ['r'],
    expiresAtMs: 1_700_000_000_000,
    usesLeft: 2,
    redelegatedFrom: undefined,
    redelegationsLeft: 0,
    extra: {},
  },
  golden:
    '{"martlet":"trusts","version":1,"value":{"trustorId":"u","trusteeId":"v","impersonation":true,"projectId":"p","roleIds":["r"],"expiresAtMs":1700000000000,"usesLeft":2,"redelegationsLeft":0,"extra":{}}}\n',
})
same('a role', {
  kind: ROLE_RECORDS,
  value: { name: 'auditor', description: '', implies: ['r'], state: 'present' },
  golden:
    '{"martlet":"roles","version":1,"value":{"name":"auditor","description":"","implies":["r"],"state":"present"}}\n',
})
same('a group', {
  kind: GROUP_RECORDS,
  value: { ...newGroup('birds', 'default'), grants: USER.grants },
  golden:
    '{"martlet":"groups","version":1,"value":{"name":"birds","domainId":"default","description":"","grants":[{"scope":"project","id":"p","roleIds":["r"]}],"extra":{},"state":"present"}}\n',
})
same('a domain', {
  kind: DOMAIN_RECORDS,
  value: newDomain('away'),
  golden:
    '{"martlet":"domains","version":1,"value":{"name":"away","description":"","enabled":true,"tags":[],"extra":{},"state":"present"}}\n',
})
same('services, endpoints and regions that were added', {
  kind: FURTHER_RECORDS,
  value: {
    services: [{ id: 's', type: 'compute', name: 'nova', description: undefined, enabled: true }],
    endpoints: [
      {
        id: 'e',
        serviceId: 's',
        interface: 'public',
        regionId: 'r',
        url: 'http://n',
        name: undefined,
        enabled: true,
      },
    ],
    regions: [{ id: 'r', description: '', parentId: undefined }],
  },
  golden:
    '{"martlet":"catalogue","version":1,"value":{"services":[{"id":"s","type":"compute","name":"nova","enabled":true}],"endpoints":[{"id":"e","serviceId":"s","interface":"public","regionId":"r","url":"http://n","enabled":true}],"regions":[{"id":"r","description":""}]}}\n',
})
same('limits', {
  kind: LIMIT_RECORDS,
  value: {
    registered: [
      {
        id: 'a',
        serviceId: 's',
        regionId: undefined,
        resourceName: 'x',
        description: undefined,
        defaultLimit: 5,
      },
    ],
    limits: [],
  },
  golden:
    '{"martlet":"limits","version":1,"value":{"registered":[{"id":"a","serviceId":"s","resourceName":"x","defaultLimit":5}],"limits":[]}}\n',
})
same('a credential', {
  kind: CREDENTIAL_RECORDS,
  value: { userId: 'u', projectId: 'p', type: 'ec2', sealedBlob: 'AQE' },
  golden:
    '{"martlet":"credentials","version":1,"value":{"userId":"u","projectId":"p","type":"ec2","sealedBlob":"AQE"}}\n',
})

t.test('what was written while there was one domain is in it', async (t) => {
  const { domainId, groupIds, ...before } = newUser('wren')
  t.match({ domainId, groupIds }, { domainId: 'default', groupIds: [] })
  const read = <Value>(kind: RecordKind<Value>, value: unknown) =>
    decodeRecord(kind, Buffer.from(JSON.stringify({ martlet: kind.name, version: 1, value })))
  t.match(read(USER_RECORDS, before), { value: { domainId: 'default', groupIds: [] } })
  t.match(read(PROJECT_RECORDS, { name: 'aviary' }), { value: { domainId: 'default' } })
  t.match(read(ROLE_RECORDS, { name: 'auditor' }), { value: { implies: [], state: 'present' } })
})

t.test('a password that is not understood lets nobody in', async (t) => {
  const written = JSON.parse(GOLDEN_USER) as { value: { password: unknown } }
  for (const password of [undefined, null, 'clear', { kind: 'other' }, { kind: 'hashed' }]) {
    written.value.password = password
    const decoded = decodeRecord(USER_RECORDS, Buffer.from(JSON.stringify(written)))
    t.match(decoded, { kind: 'value', value: { password: { kind: 'none' } } })
  }
})
