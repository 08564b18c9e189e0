/**
 * Ports and a folder that no other run of these tests on this machine has. A place whose owner was killed is taken over
 * under its old name, so that the reference Swift finds and ends what that run left behind.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processStartTicks } from '#bench/child-processes.ts'

export interface Place {
  readonly home: string
  /** For Swift's proxy. */
  readonly port: number
  /** For a proxy of ours beside it. */
  readonly ourPort: number
  /** First of five ports behind it. */
  readonly backendPort: number
  /** First of the ports of our storage servers. */
  readonly storagePort: number
  /** Where our proxies hear of each other. */
  readonly internalPort: number
  /** For a Keystone. */
  readonly keystonePort: number
  /** For a Barbican. */
  readonly keyManagerPort: number
  /** Lets another run have it. */
  release(): void
}

const PLACES = 16
/** Below those that the system gives out by itself. */
const FIRST_PORT = 16_500
const PORTS_PER_PLACE = 30

/** Whoever takes a place releases it when everything in it has stopped. */
export function takePlace(): Place {
  for (let number = 0; number < PLACES; number += 1) {
    const home = join(tmpdir(), `martlet-compatibility-${number}`)
    const mark = `${home}.owner`
    if (!own(mark)) continue
    const first = FIRST_PORT + PORTS_PER_PLACE * number
    return {
      home,
      port: first,
      backendPort: first + 1,
      internalPort: first + 8,
      ourPort: first + 9,
      storagePort: first + 10,
      keyManagerPort: first + 28,
      keystonePort: first + 29,
      release: () => rmSync(mark, { force: true }),
    }
  }
  throw new Error(`${PLACES} runs of these tests are under way`)
}

/** A file says which process has the place. */
function own(mark: string): boolean {
  if (isOwned(mark)) return false
  rmSync(mark, { force: true })
  try {
    writeFileSync(mark, `${process.pid} ${processStartTicks(process.pid)}`, { flag: 'wx' })
    return true
  } catch {
    return false
  }
}

function isOwned(mark: string): boolean {
  try {
    const [pid = '', ticks] = readFileSync(mark, 'utf8').split(' ')
    // Without its second half the mark is being written just now.
    return ticks === undefined || processStartTicks(Number(pid)) === ticks
  } catch {
    return false
  }
}
