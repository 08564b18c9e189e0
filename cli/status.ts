/** `martlet status`: asks the owner of every device, and prints one page or JSON. */
import { CENSUS_PATH, type CensusReport } from '#census/census-report.ts'
import { readWhole } from '#http/message.ts'
import { DEVICE_PATH, type DeviceFigures, ringFigures } from '#node/device-figures.ts'
import { realEnvironment } from '#node/environment.ts'
import { ClusterAccess, type ClusterArguments, type ClusterDevice } from './cluster-access.ts'
import { complain, say } from './report.ts'
import { statusPage } from './status-page.ts'
import { type ClusterStatus, type DeviceStatus, summarise } from './status-summary.ts'

export interface StatusArguments extends ClusterArguments {
  readonly json?: true
}

const ANSWER_BYTES_MAX = 64 * 1024 * 1024

/** Exit code 1 when the cluster cannot be found; problems of the cluster are its page's. */
export async function status(args: StatusArguments): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const found = await statusOf(access)
    say(args.json === true ? JSON.stringify(found) : statusPage(found))
  } finally {
    await access.close()
  }
}

/** Asks every device at the same time. */
export async function statusOf(access: ClusterAccess): Promise<ClusterStatus> {
  const environment = realEnvironment()
  const [answers, ownRings] = await Promise.all([
    Promise.all(access.devices.map((device) => lookAt(access, device))),
    ringFigures(access.rings, environment.disk),
  ])
  return summarise({
    cluster: access.cluster.id,
    nowMs: environment.clock.wallMs(),
    devices: answers.map(({ status }) => status),
    census: answers.flatMap(({ census }) => (census === undefined ? [] : [census])),
    ownRings,
  })
}

async function lookAt(
  access: ClusterAccess,
  device: ClusterDevice,
): Promise<{ readonly status: DeviceStatus; readonly census: CensusReport | undefined }> {
  const { host, device: name, region, zone } = device
  const place = { host, device: name, region, zone }
  const figures = await askJson<DeviceFigures>(access, device, DEVICE_PATH)
  if ('problem' in figures) {
    return { status: { ...place, figures: undefined, problem: figures.problem }, census: undefined }
  }
  const census = await askJson<CensusReport>(access, device, CENSUS_PATH)
  const status = { ...place, figures: figures.value, problem: undefined }
  return { status, census: 'problem' in census ? undefined : census.value }
}

async function askJson<Value>(
  access: ClusterAccess,
  { inside }: ClusterDevice,
  path: string,
): Promise<{ readonly value: Value } | { readonly problem: string }> {
  const asked = await access.ask(inside, { method: 'GET', path })
  if (asked.kind === 'failed') return { problem: asked.reason }
  const { status, body } = asked.response
  try {
    const text = (await readWhole(body, ANSWER_BYTES_MAX)).toString()
    return status === 200 ? { value: JSON.parse(text) as Value } : { problem: text || `answer ${status}` }
  } catch (error) {
    return {
      problem: `an answer that cannot be understood (${error instanceof Error ? error.message : String(error)})`,
    }
  }
}
