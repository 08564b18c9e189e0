/**
 * A cluster in memory with both doors, and everybody who may come to them: the same people, with a token of Swift's and, at
 * the S3 door, by a header that is believed.
 */
import { randomBytes } from 'node:crypto'
import { DEFAULT_RESELLERS } from '#auth/principal.ts'
import { UserDirectory } from '#auth/users.ts'
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
import { askingAs, EVERYBODY, KEYSTONE_TOKENS, PEOPLE, type Person, RULES, USERS } from './people.ts'

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
    { store, records, bucketSettings, users, keystone: KEYSTONE, s3: { authenticate: believing } },
  )
  const tokens = await tokensOfEverybody(handler)
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
      const known = PEOPLE[who] === undefined ? {} : { authorization: `AWS ${who}` }
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

const KEYSTONE = { tokens: KEYSTONE_TOKENS, rules: RULES, publicUrl: 'http://keystone.example' }

async function tokensOfEverybody(handler: Handler): Promise<ReadonlyMap<Person, string>> {
  const tokens = new Map<Person, string>()
  for (const who of EVERYBODY) {
    const known = PEOPLE[who]
    if (known?.via === 'keystone') tokens.set(who, who)
    if (known?.via !== 'configuration') continue
    const key = USERS.find(({ tenant, name }) => `${tenant}:${name}` === known.user)?.key ?? ''
    tokens.set(who, await tokenFor(handler, known.user, key))
  }
  return tokens
}

const believing: Authenticate = async (request) => {
  const sent = sentBody(request, { kind: 'anonymous' })
  if (isS3Error(sent)) return sent
  const who = request.headers['authorization']?.slice('AWS '.length)
  const session = request.headers[SESSION_HEADER]
  return { kind: 'authenticated', caller: callerNamed(who as Person | undefined, session), sent }
}

function callerNamed(who: Person | undefined, policy: string | undefined): Caller {
  const asking = who && askingAs(who)
  if (asking === undefined) return { kind: 'anonymous' }
  const { principal, account } = asking
  const { user } = principal
  const caller: Caller = { kind: 'user', user, displayName: user, principal, account, accessKey: user }
  return policy === undefined ? caller : { ...caller, session: { name: 'temporary', policy } }
}
