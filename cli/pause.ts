/** `martlet pause WORKER` and `martlet resume WORKER`: a worker rests on all devices, or on those named. */
import { readWhole } from '#http/message.ts'
import { WORKERS_PATH } from '#node/worker-admin.ts'
import { ClusterAccess, type ClusterArguments, type ClusterDevice } from './cluster-access.ts'
import { complain, say } from './report.ts'

export interface PauseArguments extends ClusterArguments {
  readonly device?: readonly string[]
  /** How long, as a person writes it: `30m`, `2h`, `1d`. */
  readonly for?: string
}

const ERROR_BYTES_MAX = 64 * 1024
const DEFAULT_PAUSE = '1d'
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** No passes of the worker for so long, also over restarts. */
export async function pause(worker: string, args: PauseArguments): Promise<void> {
  const written = args.for ?? DEFAULT_PAUSE
  const seconds = secondsOf(written)
  if (seconds === undefined) return complain(`${written} is not a time; write 30m, 2h or 1d`)
  await order(worker, args, `pause?seconds=${seconds}`, `paused for ${written}`)
}

/** Passes again. */
export async function resume(worker: string, args: PauseArguments): Promise<void> {
  await order(worker, args, 'resume', 'runs again')
}

function secondsOf(written: string): number | undefined {
  const match = /^(\d{1,9})([smhd])$/.exec(written)
  return match === null ? undefined : Number(match[1]) * (UNIT_SECONDS[match[2] ?? ''] ?? Number.NaN)
}

async function order(worker: string, args: PauseArguments, what: string, done: string): Promise<void> {
  const access = await ClusterAccess.open(args)
  if ('problem' in access) return complain(access.problem)
  try {
    const devices = access.select(args.device ?? [])
    if ('problem' in devices) return complain(devices.problem)
    const [path = '', query] = what.split('?')
    for (const device of devices) {
      const problem = await orderOne(
        access,
        device,
        `${WORKERS_PATH}/${encodeURIComponent(worker)}/${path}`,
        query,
      )
      if (problem === undefined) say(`${device.device}: ${worker} ${done}`)
      else complain(`${device.device}: ${problem}`)
    }
  } finally {
    await access.close()
  }
}

async function orderOne(
  access: ClusterAccess,
  device: ClusterDevice,
  path: string,
  query = '',
): Promise<string | undefined> {
  const asked = await access.ask(device.inside, { method: 'POST', path, query })
  if (asked.kind === 'failed') return asked.reason
  const { status, body } = asked.response
  const text = (await readWhole(body, ERROR_BYTES_MAX)).toString()
  return status === 200 ? undefined : text || `answer ${status}`
}
