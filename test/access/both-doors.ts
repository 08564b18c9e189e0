/**
 * A cluster in memory with both doors, and everybody who may come to them: the same people, with a token of Swift's and, at
 * the S3 door, by a header that is believed.
 */
import { randomBytes } from 'node:crypto'
import { DEFAULT_RESELLERS, ROLES } from '#auth/principal.ts'
import { DEVELOPMENT_USERS, UserDirectory, type UserEntry } from '#auth/users.ts'
import { realClock } from '#base/real-clock.ts'
import type { Handler } from '#http/message.ts'
import { sentBody } from '#proxy/s3/body/sent-body.ts'
import { isS3Error } from '#proxy/s3/error.ts'
import type { Authenticate, Caller } from '#proxy/s3/operation.ts'
import { type Received, type Sent, send, testProxy, tokenFor } from '#proxy/testing/test-proxy.ts'
import { BUCKET_SETTINGS, BucketSettings } from '#store/bucket-settings/bucket-settings.ts'
import { withFeatures } from '#store/features.ts'
import { ClusterRecords } from '#store/records/cluster-records.ts'
import { MemoryCluster } from '#test/cluster/memory-cluster.ts'

/** Who comes: users by name, `undefined` for nobody known. */
export const PEOPLE = {
  admin: 'test:tester',
  member: 'test:tester3',
  stranger: 'test2:tester2',
  anonymous: undefined,
  reseller: 'admin:admin',
  reader: 'operators:auditor',
} as const

export type Person = keyof typeof PEOPLE

const AUDITOR: UserEntry = {
  tenant: 'operators',
  name: 'auditor',
  key: 'auditing',
  groups: [ROLES.resellerReader],
}
const USERS: readonly UserEntry[] = [...DEVELOPMENT_USERS, AUDITOR]

/** The headers by which a session of temporary credentials is told to the believing door. */
const SESSION_HEADER = 'x-test-session'

export interface BothDoors {
  readonly handler: Handler
  /** The path begins with the account. */
  readonly swift: (who: Person, sent: Sent) => Promise<Received>
  /** The path begins with the bucket; `session` is the policy of temporary credentials. */
  readonly s3: (who: Person, sent: Sent, session?: string) => Promise<Received>
  /** Whether the write list of a bucket is now `changed`; if so, it is made what it was before. */
  readonly takeBack: (bucket: string, changed: string, before: string) => Promise<boolean>
  readonly close: () => Promise<void>
}

export async function bothDoors(): Promise<BothDoors> {
  const cluster = await MemoryCluster.start({ devices: 1, replicas: 1 })
  const { store: core, timestamps, context } = cluster
  const records = new ClusterRecords({ store: core, clock: realClock })
  const bucketSettings = new BucketSettings(core.containers, records.of(BUCKET_SETTINGS))
  const environment = { clock: realClock, random: { bytes: randomBytes, below: () => 0 } }
  const store = withFeatures(core, { environment, timestamps, bucketSettings })
  const users = new UserDirectory(USERS, DEFAULT_RESELLERS)
  const { handler } = testProxy(
    {},
    { store, records, bucketSettings, users, s3: { authenticate: believingIn(users) } },
  )
  const tokens = new Map<Person, string>()
  for (const [person, user] of Object.entries(PEOPLE) as readonly (readonly [Person, string | undefined])[]) {
    const key = USERS.find(({ tenant, name }) => `${tenant}:${name}` === user)?.key
    if (user !== undefined && key !== undefined) tokens.set(person, await tokenFor(handler, user, key))
  }
  return {
    handler,
    swift: (who, { target, headers, ...sent }) => {
      const token = tokens.get(who)
      const all = token === undefined ? headers : { ...headers, 'x-auth-token': token }
      return send(handler, {
        ...sent,
        target: `/v1${target}`,
        ...(all === undefined ? {} : { headers: all }),
      })
    },
    s3: (who, { headers, ...sent }, session) => {
      const user = PEOPLE[who]
      const known = user === undefined ? {} : { authorization: `AWS ${user}` }
      const limited = session === undefined ? {} : { [SESSION_HEADER]: session }
      return send(handler, { ...sent, headers: { ...headers, ...known, ...limited } })
    },
    takeBack: async (container, changed, before) => {
      const name = { account: 'AUTH_test', container }
      const info = await store.containers.info(context, name)
      if (info?.writeAcl !== changed) return false
      await store.containers.post(context, name, { 'x-container-write': before })
      return true
    },
    close: () => cluster.close(),
  }
}

function believingIn(users: UserDirectory): Authenticate {
  return async (request) => {
    const sent = sentBody(request, { kind: 'anonymous' })
    if (isS3Error(sent)) return sent
    const user = request.headers['authorization']?.slice('AWS '.length)
    const session = request.headers[SESSION_HEADER]
    const caller = user === undefined ? undefined : await callerNamed(users, user, session)
    return { kind: 'authenticated', caller: caller ?? { kind: 'anonymous' }, sent }
  }
}

async function callerNamed(users: UserDirectory, user: string, policy: string | undefined): Promise<Caller> {
  const key = USERS.find(({ tenant, name }) => `${tenant}:${name}` === user)?.key ?? ''
  const known = await users.authenticate(user, key)
  if (known === undefined) throw new Error(`there is no user ${user}`)
  const { principal } = known
  const account = `AUTH_${principal.tenant}`
  const caller: Caller = { kind: 'user', user, displayName: user, principal, account, accessKey: user }
  return policy === undefined ? caller : { ...caller, session: { name: 'temporary', policy } }
}
