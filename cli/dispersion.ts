/**
 * `martlet dispersion populate` and `report`, as OpenStack Swift's tools of these names: a sample of containers and
 * objects, one in each of many partitions, and how many of their copies are where the rings say. (`martlet status` counts
 * every object; this also proves the way from a name through ring and network to a copy.)
 *
 * The sample lives in an account of its own that no client has.
 */

import { silentLogger } from '#base/log.ts'
import { encodedPathOf, hashName, type ResourceName } from '#base/names.ts'
import { realClock } from '#base/real-clock.ts'
import { bufferBody, discard } from '#http/message.ts'
import { realEnvironment } from '#node/environment.ts'
import type { Ring } from '#ring/ring.ts'
import type { Store } from '#store/contract.ts'
import type { ListingQuery } from '#store/listing.ts'
import type { ContainerName, OperationContext } from '#store/operation.ts'
import { ClusterAccess, type ClusterArguments, type Policy } from './cluster-access.ts'
import { dispersionText, NO_SAMPLE, type SampleReport, type SampleTally } from './dispersion-text.ts'
import { complain, say } from './report.ts'

export interface DispersionArguments extends ClusterArguments {
  readonly policy?: string
  /** Percentage of the partitions that the sample is to cover. */
  readonly coverage?: string
  readonly containerOnly?: true
  readonly objectOnly?: true
  readonly json?: true
}

/** Hidden: its name begins with a dot. */
const ACCOUNT = '.dispersion'
const CONCURRENCY = 16
const RETRIES = 5
/** Longer by this after each attempt. */
const RETRY_PAUSE_MS = 500
const PAGE = 10_000
const COVERAGE_PERCENT = 1
const OBJECT_BYTES_MAX = 1024

const CONTEXT: OperationContext = { txId: 'dispersion', signal: undefined, log: silentLogger }

type Kind = 'container' | 'object'

interface Sampled {
  readonly kind: Kind
  readonly ring: Ring
  /** What every name of the sample begins with. */
  readonly prefix: string
  readonly nameOf: (member: string) => ResourceName
  readonly policy: Policy
}

/** Writes the sample; what is there already is left. Exit code 1 when something could not be written. */
export async function populate(args: DispersionArguments): Promise<void> {
  const percent = Number(args.coverage ?? COVERAGE_PERCENT)
  if (!(percent > 0 && percent <= 100)) return complain('the coverage is a percentage, such as 1 or 25')
  await withSamples(args, async (access, samples) => {
    const store = await storeOf(access)
    for (const sample of samples) await populateOne(access, store, sample, percent, args)
  })
}

/** Asks for every copy of the sample. Exit code 1 when copies are missing. */
export async function dispersionReport(args: DispersionArguments): Promise<void> {
  await withSamples(args, async (access, samples) => {
    const store = await storeOf(access)
    const reports: Partial<Record<Kind, SampleReport>> = {}
    for (const sample of samples) {
      const report = await reportOne(access, store, sample)
      if ('problem' in report) return complain(report.problem)
      reports[sample.kind] = report
      if (args.json !== true) say(dispersionText(sample.kind, report))
      if (report.copiesFound < report.copiesExpected) process.exitCode = 1
    }
    if (args.json === true) say(JSON.stringify(swiftForm(reports)))
  })
}

async function withSamples(
  args: DispersionArguments,
  work: (access: ClusterAccess, samples: readonly Sampled[]) => Promise<void>,
): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const samples = samplesOf(access, args)
    if ('problem' in samples) return complain(samples.problem)
    await work(access, samples)
  } finally {
    await access.close()
  }
}

function samplesOf(
  access: ClusterAccess,
  args: DispersionArguments,
): readonly Sampled[] | { readonly problem: string } {
  const written = args.policy
  const policy =
    written === undefined
      ? access.policies[0]
      : access.policies.find(({ index, name }) => name === written || String(index) === written)
  const objects = policy && access.rings.object(policy.index)?.ring
  if (policy === undefined || objects === undefined) return { problem: `there is no policy ${written ?? ''}` }
  const container: Sampled = {
    kind: 'container',
    ring: access.rings.container.ring,
    prefix: `dispersion_${policy.index}_`,
    nameOf: (member) => ({ account: ACCOUNT, container: member }),
    policy,
  }
  const object: Sampled = {
    kind: 'object',
    ring: objects,
    prefix: 'dispersion_',
    nameOf: (member) => ({ ...objectContainer(policy), object: member }),
    policy,
  }
  return [...(args.objectOnly === true ? [] : [container]), ...(args.containerOnly === true ? [] : [object])]
}

function objectContainer({ index }: Policy): ContainerName {
  return { account: ACCOUNT, container: `dispersion_objects_${index}` }
}

function storeOf(access: ClusterAccess): Promise<Store> {
  return access.store(realEnvironment())
}

async function populateOne(
  access: ClusterAccess,
  store: Store,
  sample: Sampled,
  percent: number,
  { json }: DispersionArguments,
): Promise<void> {
  const { ring, kind, policy } = sample
  const wanted = Math.max(1, Math.floor((ring.partitionCount * percent) / 100))
  if (kind === 'object') {
    const made = await store.containers.put(CONTEXT, objectContainer(policy), {
      changes: {},
      policyIndex: policy.index,
    })
    if (made.kind !== 'created' && made.kind !== 'updated') return complain(failureText(made))
  }
  const there = await membersOf(store, sample)
  if ('problem' in there) return complain(there.problem)
  const missing = membersToAdd(access, sample, there, wanted)
  const failures = await forEach(missing, (member) => writePatiently(store, sample, member))
  const failed = failures.filter((failure) => failure !== undefined)
  for (const failure of new Set(failed))
    complain(`${failed.length} ${kind}s could not be written: ${failure}`)
  const written = missing.length - failed.length
  const covered = there.length + written
  if (json === true) say(JSON.stringify({ [kind]: { written, covered, partitions: ring.partitionCount } }))
  else
    say(
      `Created ${written} ${kind}s for dispersion reporting; the sample covers ${covered} of ${ring.partitionCount} partitions`,
    )
}

/** Names whose partitions nobody of the sample is in yet. */
function membersToAdd(
  access: ClusterAccess,
  sample: Sampled,
  there: readonly string[],
  wanted: number,
): readonly string[] {
  const covered = new Set(there.map((member) => partitionOf(access, sample, member)))
  const added: string[] = []
  for (let number = 0; covered.size < wanted; number += 1) {
    const member = `${sample.prefix}${number}`
    const partition = partitionOf(access, sample, member)
    if (covered.has(partition)) continue
    covered.add(partition)
    added.push(member)
  }
  return added
}

function partitionOf(access: ClusterAccess, { ring, nameOf }: Sampled, member: string): number {
  return ring.partitionOf(hashName(nameOf(member), access.cluster.salt))
}

/** As often as Swift's tool: a cluster of which a part is away takes most of the sample at once. */
async function writePatiently(store: Store, sample: Sampled, member: string): Promise<string | undefined> {
  let failure: string | undefined
  for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
    failure = await writeMember(store, sample, member)
    if (failure === undefined) return undefined
    await realClock.sleep(attempt * RETRY_PAUSE_MS)
  }
  return failure
}

/** `undefined` when it was written. */
async function writeMember(store: Store, sample: Sampled, member: string): Promise<string | undefined> {
  const { kind, policy } = sample
  const outcome =
    kind === 'container'
      ? await store.containers.put(
          CONTEXT,
          { account: ACCOUNT, container: member },
          { changes: {}, policyIndex: policy.index },
        )
      : await store.objects.put(
          CONTEXT,
          { ...objectContainer(policy), object: member },
          {
            body: bufferBody(Buffer.from(member)),
            contentType: 'text/plain',
            expectedEtag: undefined,
            metadata: {},
            limitBytes: OBJECT_BYTES_MAX,
          },
        )
  return outcome.kind === 'created' || outcome.kind === 'updated' ? undefined : failureText(outcome)
}

async function membersOf(
  store: Store,
  { kind, prefix, policy }: Sampled,
): Promise<readonly string[] | { readonly problem: string }> {
  const members: string[] = []
  for (let marker: string | undefined; ; ) {
    const listing: ListingQuery = { prefix, limit: PAGE, reverse: false, marker }
    const read =
      kind === 'container'
        ? await store.accounts.read(CONTEXT, { account: ACCOUNT }, { listing })
        : await store.containers.read(CONTEXT, objectContainer(policy), { listing })
    if (read.kind === 'no_such_account' || read.kind === 'no_such_container') return members
    if (read.kind !== 'found') return { problem: `the sample cannot be listed: ${failureText(read)}` }
    const page = (read.page?.entries() ?? []).flatMap((entry) => ('name' in entry ? [entry.name] : []))
    members.push(...page)
    marker = page.at(-1)
    if (page.length < PAGE || marker === undefined) return members
  }
}

async function reportOne(
  access: ClusterAccess,
  store: Store,
  sample: Sampled,
): Promise<SampleReport | { readonly problem: string }> {
  const members = await membersOf(store, sample)
  if ('problem' in members) return members
  if (members.length === 0)
    return { problem: `No ${sample.kind}s to query. Has dispersion populate been run?` }
  const byPartition = new Map(members.map((member) => [partitionOf(access, sample, member), member]))
  const startedMs = performance.now()
  const tallies = await forEach([...byPartition.values()], (member) => countCopies(access, sample, member))
  const report: SampleReport = {
    ...NO_SAMPLE,
    queried: members.length,
    partitions: byPartition.size,
    overlapping: members.length - byPartition.size,
    partitionSpace: sample.ring.partitionCount,
    replicas: sample.ring.replicaCount,
    seconds: (performance.now() - startedMs) / 1000,
  }
  return tallies.reduce(withTally, report)
}

function withTally(report: SampleReport, { expected, found, retries }: SampleTally): SampleReport {
  const missing = new Map(report.missing)
  if (found < expected) missing.set(expected - found, (missing.get(expected - found) ?? 0) + 1)
  return {
    ...report,
    copiesExpected: report.copiesExpected + expected,
    copiesFound: report.copiesFound + found,
    retries: report.retries + retries,
    missing,
  }
}

/** Asks every primary of the member's partition. */
async function countCopies(access: ClusterAccess, sample: Sampled, member: string): Promise<SampleTally> {
  const partition = partitionOf(access, sample, member)
  const primaries = sample.ring.primaries(partition)
  const path = encodedPathOf(sample.nameOf(member))
  const headers =
    sample.kind === 'object' ? { 'x-backend-storage-policy-index': String(sample.policy.index) } : {}
  let found = 0
  let retries = 0
  for (const { ip, port, device } of primaries) {
    const asking = { method: 'HEAD', path: `/${encodeURIComponent(device)}/${partition}${path}`, headers }
    for (let attempt = 0; attempt <= RETRIES; attempt += 1) {
      const asked = await access.ask({ host: ip, port }, asking)
      if (asked.kind === 'answered') {
        await discard(asked.response)
        if (asked.response.status < 300) found += 1
        if (asked.response.status < 500 || asked.response.status === 507) break
      }
      // Whoever does not listen does not begin to within a moment.
      if (asked.kind === 'failed' && asked.reason === 'not running') break
      retries += 1
    }
  }
  return { expected: primaries.length, found, retries }
}

/** In the form of `swift-dispersion-report --dump-json`. */
function swiftForm(reports: Partial<Record<Kind, SampleReport>>): object {
  return Object.fromEntries(
    Object.entries(reports).map(([kind, report]) => [
      kind,
      {
        retries: report.retries,
        overlapping: report.overlapping,
        pct_found: (100 * report.copiesFound) / report.copiesExpected,
        copies_found: report.copiesFound,
        copies_expected: report.copiesExpected,
        ...Object.fromEntries([...report.missing].map(([copies, count]) => [`missing_${copies}`, count])),
      },
    ]),
  )
}

function failureText(failure: { readonly kind: string }): string {
  return 'reason' in failure ? String(failure.reason) : failure.kind.replaceAll('_', ' ')
}

async function forEach<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) results.push(await work(item))
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  return results
}
