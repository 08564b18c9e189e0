/**
 * The identity service with the clients that people have: openstackclient, swiftclient, rclone, an S3 SDK, and Swift's first
 * version of sign-in, all about the same people. One cluster for all of it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { havePrograms, run, runWell } from '#test/programs.ts'
import {
  MARTLET,
  type RunningCluster,
  signal,
  startCluster,
  temporaryDirectory,
} from '#test/running-cluster.ts'

t.setTimeout(600_000)

type Answer = Readonly<Record<string, unknown>>
type Environment = Readonly<Record<string, string>>

const PASSWORD = 'small-and-brown'

function asUser(url: string, user: string, password: string, project: string): Environment {
  return {
    OS_AUTH_URL: `${url}/identity`,
    OS_IDENTITY_API_VERSION: '3',
    OS_USERNAME: user,
    OS_PASSWORD: password,
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_ID: 'default',
    OS_PROJECT_DOMAIN_ID: 'default',
  }
}

function asCredential(url: string, created: Answer | undefined): Environment {
  return {
    OS_AUTH_URL: `${url}/identity/v3`,
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_APPLICATION_CREDENTIAL_ID: String(created?.['id']),
    OS_APPLICATION_CREDENTIAL_SECRET: String(created?.['secret']),
  }
}

interface Session {
  /** Of the commands that print JSON. */
  readonly answers: readonly Answer[]
  readonly complaints: string
}

/** Several commands in one start of the client, which takes longer than they do. No argument may have a space in it. */
async function openstack(environment: Environment, commands: readonly string[]): Promise<Session> {
  const input = Buffer.from(`${commands.join('\n')}\n`)
  const { stdout, stderr } = await run('openstack', [], { environment, input })
  const printed = stdout.split(/\n(?=[[{])/).filter((one) => one.trim() !== '')
  return { answers: printed.map((one) => JSON.parse(one) as Answer), complaints: stderr.trim() }
}

/** The same, where nothing may go wrong. */
async function openstackWell(
  environment: Environment,
  commands: readonly string[],
): Promise<readonly Answer[]> {
  const { answers, complaints } = await openstack(environment, commands)
  if (complaints !== '') throw new Error(complaints)
  return answers
}

t.test('one set of people for every client', async (t) => {
  if (!havePrograms(t, 'openstack', 'swift', 'rclone')) return
  const cluster = await startCluster(t)
  const { url } = cluster
  const wren = asUser(url, 'wren', PASSWORD, 'aviary')
  let created: Answer | undefined
  let pair: Answer | undefined

  await t.test('an administrator makes projects, users, roles and credentials', async (t) => {
    const answers = await openstackWell(asUser(url, 'admin', 'admin', 'admin'), [
      'project create -f json --description birds aviary',
      `user create -f json --password ${PASSWORD} --project aviary --email wren@example.com wren`,
      'role create -f json auditor',
      'role add --user wren --project aviary member',
      'role add --user wren --project aviary auditor',
      'role assignment list -f json --names --user wren',
      'user set --description tiny wren',
      'user show -f json wren',
      'project list -f json',
      'user list -f json',
      'role remove --user wren --project aviary auditor',
      'role delete auditor',
      'role list -f json',
      'service list -f json',
      'endpoint list -f json --service object-store',
      'domain list -f json',
      'credential create -f json --type totp wren seed',
    ])
    const [project, user, , assignments, shown, projects, users, roles, services, endpoints] = answers
    t.match(project, { name: 'aviary', id: /^[0-9a-f]{32}$/, description: 'birds' })
    t.match(user, { name: 'wren', default_project_id: project?.['id'], email: 'wren@example.com' })
    t.match(assignments, [{ Role: 'member', Project: 'aviary@Default' }, { Role: 'auditor' }])
    t.match(shown, { description: 'tiny', enabled: true })
    t.same(namesIn(projects), ['admin', 'aviary', 'test', 'test2'])
    t.same(namesIn(users), ['admin', 'tester', 'tester2', 'tester3', 'wren'])
    t.same(namesIn(roles), ['admin', 'guest', 'member', 'reader', 'service'])
    t.same(namesIn(services), ['glance', 'keystone', 's3', 'swift'])
    t.match(endpoints, [{ URL: `${url}/v1/AUTH_%(project_id)s` }])
  })

  await t.test('and domains, groups, implied roles, services and limits', async (t) => {
    const answers = await openstackWell(asUser(url, 'admin', 'admin', 'admin'), [
      'domain create -f json --description far away',
      'project create -f json --domain away aviary',
      `user create -f json --domain away --password ${PASSWORD} robin`,
      'group create -f json --domain away birds',
      'group add user --group-domain away --user-domain away birds robin',
      'role create -f json singer',
      'implied role create -f json --implied-role reader singer',
      'role add --group birds --group-domain away --project aviary --project-domain away singer',
      'role assignment list -f json --names --effective --user robin --user-domain away',
      'region create -f json north',
      'service create -f json --name nova compute',
      'endpoint create -f json --region north compute public http://nova.example/%(project_id)s',
      'registered limit create -f json --service nova --default-limit 10 cores',
      'limit create -f json --service nova --resource-limit 5 --project admin cores',
      'limit list -f json',
    ])
    const [domain, project, user] = answers
    t.match(domain, { name: 'away', enabled: true })
    t.match([project, user], [{ domain_id: domain?.['id'] }, { domain_id: domain?.['id'] }])
    const assignments = answers.find((one) => Array.isArray(one))
    t.match(assignments, [
      { Role: 'singer', User: 'robin@away', Project: 'aviary@away' },
      { Role: 'reader', User: 'robin@away', Project: 'aviary@away' },
    ])
    t.match(answers.at(-1), [{ 'Resource Limit': 5, 'Resource Name': 'cores' }])
    const robin = {
      ...asUser(url, 'robin', PASSWORD, 'aviary'),
      OS_USER_DOMAIN_ID: String(domain?.['id']),
      OS_PROJECT_DOMAIN_ID: String(domain?.['id']),
    }
    const [catalog] = await openstackWell(robin, ['catalog show -f json compute'])
    t.match(JSON.stringify(catalog), `http://nova.example/${String(project?.['id'])}`)
    await openstackWell(asUser(url, 'admin', 'admin', 'admin'), [
      'domain set --disable away',
      'domain delete away',
      'role delete singer',
      'service delete compute',
    ])
    const { complaints } = await openstack(robin, ['token issue -f json'])
    t.match(complaints, /401|404|auth/i)
  })

  await t.test(
    'a user signs in, stores something and makes credentials, and administers nobody',
    async (t) => {
      const file = join(temporaryDirectory(t), 'song')
      writeFileSync(file, 'trill')
      const { answers, complaints } = await openstack(wren, [
        'token issue -f json',
        'catalog show -f json object-store',
        'container create -f json nest',
        `object create -f json --name song nest ${file}`,
        'application credential create -f json --role member backup',
        'ec2 credentials create -f json',
        'ec2 credentials list -f json',
        'user list -f json',
      ])
      const [token, catalog, container] = answers
      t.match(token, { project_id: /^[0-9a-f]{32}$/, id: /^AUTH_/ })
      t.match(JSON.stringify(catalog), `/v1/AUTH_${String(token?.['project_id'])}`)
      t.match(container, [{ container: 'nest' }])
      t.match(complaints, /403/)
      ;[, , , , created, pair] = answers
    },
  )

  await t.test('swiftclient reads it, with the third version and with the first', async (t) => {
    t.equal(await runWell('swift', ['download', '-o', '-', 'nest', 'song'], { environment: wren }), 'trill')
    const first = { ST_AUTH: `${url}/auth/v1.0`, ST_USER: 'aviary:wren', ST_KEY: PASSWORD }
    t.equal(await runWell('swift', ['download', '-o', '-', 'nest', 'song'], { environment: first }), 'trill')
  })

  await t.test('rclone reads it, knowing nothing but where to sign in', async (t) => {
    const environment = {
      RCLONE_CONFIG: '/dev/null',
      RCLONE_CONFIG_AVIARY_TYPE: 'swift',
      RCLONE_CONFIG_AVIARY_AUTH: `${url}/identity/v3`,
      RCLONE_CONFIG_AVIARY_USER: 'wren',
      RCLONE_CONFIG_AVIARY_KEY: PASSWORD,
      RCLONE_CONFIG_AVIARY_TENANT: 'aviary',
      RCLONE_CONFIG_AVIARY_DOMAIN: 'Default',
      RCLONE_CONFIG_AVIARY_TENANT_DOMAIN: 'Default',
    }
    t.equal(await runWell('rclone', ['cat', 'aviary:nest/song'], { environment }), 'trill')
  })

  await t.test('EC2 credentials are keys of the S3 door', async (t) => {
    const credentials = {
      accessKeyId: String(pair?.['access']),
      secretAccessKey: String(pair?.['secret']),
    }
    const client = new S3Client({ endpoint: url, region: 'us-east-1', forcePathStyle: true, credentials })
    t.teardown(() => client.destroy())
    const { Buckets = [] } = await client.send(new ListBucketsCommand({}))
    t.same(
      Buckets.map(({ Name }) => Name),
      ['nest'],
    )
    const { Body } = await client.send(new GetObjectCommand({ Bucket: 'nest', Key: 'song' }))
    t.equal(await Body?.transformToString(), 'trill')
  })

  await t.test('an application credential signs in by itself', async (t) => {
    const [objects] = await openstackWell(asCredential(url, created), ['object list -f json nest'])
    t.match(objects, [{ Name: 'song' }])
  })

  await t.test('one with access rules does what they name', async (t) => {
    const rules = join(temporaryDirectory(t), 'rules')
    writeFileSync(rules, JSON.stringify([{ service: 'object-store', method: 'GET', path: '/v1/*/nest' }]))
    const [bound, listed] = await openstackWell(wren, [
      `application credential create -f json --role member --access-rules ${rules} bound`,
      'access rule list -f json',
    ])
    t.match(listed, [{ Service: 'object-store', Method: 'GET', Path: '/v1/*/nest' }])
    const { answers, complaints } = await openstack(asCredential(url, bound), [
      'object list -f json nest',
      'object show -f json nest song',
    ])
    t.match(answers, [[{ Name: 'song' }]])
    t.match(complaints, /401/)
  })

  await t.test('the development users have the accounts that they always had', async (t) => {
    const tester = asUser(url, 'tester', 'testing', 'test')
    await runWell('swift', ['post', 'shared'], { environment: tester })
    const { token, storageUrl } = await signIn(url, 'test:tester', 'testing')
    t.equal(storageUrl, `${url}/v1/AUTH_test`)
    const listed = await fetch(storageUrl, { headers: { 'X-Auth-Token': token } })
    t.equal(await listed.text(), 'shared\n')
  })

  await t.test('the operator sees the same people on the command line', async (t) => {
    const martlet = (...args: string[]): Promise<string> =>
      runWell(process.execPath, [MARTLET, ...args, '--data', cluster.dataPath])
    t.match(await martlet('user', 'list'), /^wren +cluster +member@aviary$/m)
    const { token, storageUrl } = await signIn(url, 'aviary:wren', PASSWORD)
    const look = async (): Promise<number> =>
      (await fetch(storageUrl, { headers: { 'X-Auth-Token': token } })).status
    t.equal(await look(), 200)
    await martlet('user', 'set', 'wren', '--disable')
    await t.resolves(untilAll(look, 401))
    await martlet('user', 'set', 'wren', '--enable')
    t.equal(await look(), 401, 'tokens of before stay void')
    await t.resolves(untilSignedIn(url))
  })

  await t.test('losing a device loses no user', (t) => signInWithoutADevice(t, cluster, wren))
})

interface SignedIn {
  readonly status: number
  readonly token: string
  readonly storageUrl: string
}

/** As Swift's first version has it. */
async function signIn(url: string, user: string, key: string): Promise<SignedIn> {
  const headers = { 'X-Auth-User': user, 'X-Auth-Key': key }
  const answer = await fetch(`${url}/auth/v1.0`, { headers })
  return {
    status: answer.status,
    token: answer.headers.get('x-auth-token') ?? '',
    storageUrl: answer.headers.get('x-storage-url') ?? '',
  }
}

async function untilSignedIn(url: string): Promise<void> {
  for (let tries = 0; tries < 8; tries += 1) {
    const signedIn = await signIn(url, 'aviary:wren', PASSWORD).catch(() => undefined)
    if (signedIn?.status === 200) return
    await sleep(500)
  }
  throw new Error('wren cannot sign in')
}

/** A proxy that could not be told believes what it remembers for a second. */
const IN_A_ROW = 8

async function untilAll<Outcome>(attempt: () => Promise<Outcome>, wanted: Outcome): Promise<void> {
  for (let tries = 0, row = 0; tries < 100; tries += 1) {
    row = (await attempt()) === wanted ? row + 1 : 0
    if (row === IN_A_ROW) return
  }
  throw new Error(`not everybody says ${String(wanted)}`)
}

async function signInWithoutADevice(t: Test, cluster: RunningCluster, wren: Environment): Promise<void> {
  const [pid = 0] = cluster.devices.values()
  signal(pid, 'SIGKILL')
  // A connection may have been dealt to the process that was killed.
  await untilSignedIn(cluster.url)
  const [token] = await openstackWell(wren, ['token issue -f json'])
  t.match(token, { id: /^AUTH_/ })
}

function namesIn(listed: Answer | undefined): readonly string[] {
  const rows = (listed ?? []) as unknown as readonly { readonly Name: string }[]
  return rows.map(({ Name }) => Name).toSorted()
}
