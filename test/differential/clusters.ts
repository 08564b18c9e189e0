/** The two clusters of the differential test, each on ports and in a folder of its own. */
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startMartlet } from '#bench/martlet-cluster.ts'
import { startReferenceSwift } from '#bench/reference-swift.ts'

export interface RunningSide {
  readonly url: string
  stop(): Promise<void>
}

const GIB = 1024 ** 3

/** A real Swift on 18280 with its backends from 16400 on. Throws one sentence when there is none here. */
export function startSwiftSide(number = 0): Promise<RunningSide> {
  return startReferenceSwift({
    home: path.join(tmpdir(), `martlet-differential-swift-${number}`),
    port: 18280 + number,
    backendPort: 16400 + 10 * number,
    deviceBytes: 2 * GIB,
    workers: 1,
  })
}

/** `martlet start` on an empty folder. */
export function startMartletSide(): Promise<RunningSide> {
  return startMartlet({ port: 18290 })
}
