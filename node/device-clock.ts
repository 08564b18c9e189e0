/**
 * The clock of a device's process (`backend/clock-watch.ts`): a mark on the device, and the clocks of some other hosts of the
 * rings, asked by what every storage server tells anybody (`/recon/clock`).
 */
import { join } from 'node:path'
import { type ClockMark, ClockWatch } from '#backend/clock-watch.ts'
import type { Drive } from '#backend/drive-state.ts'
import type { Clock, Disk, Random } from '#base/environment.ts'
import { ownRequest, readWhole } from '#http/message.ts'
import type { Endpoint, Transport } from '#http/transport.ts'
import type { RingDirectory } from '#ring/ring-directory.ts'
import { readIfThere, writeDurably } from './durable-file.ts'
import { deviceProcesses } from './inside-endpoints.ts'
import { Loop } from './loop.ts'
import type { OwnedDeviceAssignment } from './open-device.ts'
import type { ProcessParts } from './process-parts.ts'

const MARK_FILE = 'time'
/** Marks of the devices of one machine are never further apart than storage servers bear, milliseconds. */
const CHECK_PAUSE_MS = 30_000
/** Hosts asked at a time: of so many the most are right. */
const HOSTS_ASKED = 7
const CONNECT_TIMEOUT_MS = 1_000
/** A slower answer says little about a clock, milliseconds. */
const ANSWER_TIMEOUT_MS = 2_000
const ANSWER_BYTES_MAX = 1024
export const CLOCK_PATH = '/recon/clock'

/** What a process answers at `/recon/clock`, seconds since the epoch. */
export interface ClockAnswer {
  /** What it takes the time to be. */
  readonly time: number
  readonly wall: number
  readonly standing: ClockWatch['standing']
}

/** What a process has by which it knows the time. */
type ClockParts = Pick<ProcessParts, 'environment' | 'log' | 'rings'> & { readonly transport: Transport }

/** Rejects when the mark cannot be read. */
export function openDeviceClock(
  { host, device, devicesPath }: Pick<OwnedDeviceAssignment, 'host' | 'device' | 'devicesPath'>,
  { environment, log, rings, transport }: ClockParts,
): Promise<ClockWatch> {
  const { clock, disk, random } = environment
  return ClockWatch.open({
    clock,
    log: log.child({ device }),
    mark: timeInFile(disk, join(devicesPath, device, MARK_FILE)),
    aheadOfUs: () => askOthers({ clock, transport }, someHosts(rings, random, host)),
  })
}

/** Looks twice a minute; a device whose clock most hosts contradict takes no writes. */
export function watchClock(
  watch: ClockWatch,
  drive: Drive,
  { environment, log }: Pick<ClockParts, 'environment' | 'log'>,
): Loop {
  const tell = (): void => drive.doubtClock(watch.standing.kind === 'ahead' ? 'ahead' : 'believed')
  tell()
  watch.onCheck(tell)
  return new Loop({
    name: 'clock',
    clock: environment.clock,
    log,
    pauseMs: () => CHECK_PAUSE_MS,
    pass: () => watch.check(),
  })
}

/** Milliseconds as text and a newline. What cannot be read is as good as none: it is made anew. */
export function timeInFile(disk: Disk, path: string): ClockMark {
  return {
    load: async () => {
      const written = (await readIfThere(disk, path))?.toString().trim() ?? ''
      return /^\d{1,15}$/.test(written) ? Number(written) : undefined
    },
    save: (timeMs) => writeDurably(disk, path, Buffer.from(`${timeMs}\n`)),
  }
}

/** One process of each of some other hosts. */
function someHosts(rings: RingDirectory, random: Random, own: string): readonly Endpoint[] {
  const named = [...rings.all()].map(([name, { ring }]) => [name, ring] as const)
  const byHost = new Map(deviceProcesses(named).map(({ host, endpoint }) => [host, endpoint]))
  byHost.delete(own)
  const left = [...byHost.values()]
  const chosen: Endpoint[] = []
  while (chosen.length < HOSTS_ASKED && left.length > 0)
    chosen.push(...left.splice(random.below(left.length), 1))
  return chosen
}

interface Asker {
  readonly clock: Clock
  readonly transport: Transport
}

async function askOthers(asker: Asker, hosts: readonly Endpoint[]): Promise<readonly number[] | undefined> {
  if (hosts.length === 0) return undefined
  const told = await Promise.all(hosts.map((host) => aheadOfUs(asker, host).catch(() => undefined)))
  return told.filter((byMs) => byMs !== undefined)
}

/** By how much its time is ahead of our wall clock, milliseconds; `undefined` when it does not say. */
async function aheadOfUs({ clock, transport }: Asker, host: Endpoint): Promise<number | undefined> {
  const request = ownRequest({ method: 'GET', path: CLOCK_PATH })
  const response = await transport.send(host, request, {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    responseTimeoutMs: ANSWER_TIMEOUT_MS,
  })
  const { time } = JSON.parse(
    (await readWhole(response.body, ANSWER_BYTES_MAX)).toString(),
  ) as Partial<ClockAnswer>
  return typeof time === 'number' && Number.isFinite(time) ? time * 1000 - clock.wallMs() : undefined
}
