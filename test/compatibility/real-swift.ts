/** The real OpenStack Swift of these tests, one side of it only, and whether it can run here. */
import type { Test } from 'tap'
import {
  type ReferenceSwift,
  type ReferenceSwiftOptions,
  startReferenceSwift,
  whyNoReferenceSwift,
} from '#bench/reference-swift.ts'
import type { Place } from '#test/place.ts'
import { havePrograms } from '#test/programs.ts'

/** Is Debian's Swift here, and are we root? If not, the test is skipped and says so; in CI (`MARTLET_CI=1`) it fails. */
export function haveRealSwift(t: Test): boolean {
  if (!havePrograms(t, 'swift')) return false
  const obstacle = whyNoReferenceSwift()
  if (obstacle === undefined) return true
  if (process.env['MARTLET_CI'] === '1') t.fail(obstacle)
  else t.pass(obstacle, { skip: obstacle })
  return false
}

/** Stopped, with everything it wrote removed, when the test ends. */
export async function startRealSwift(
  t: Test,
  { home, port, backendPort }: Place,
  side: Pick<ReferenceSwiftOptions, 'servers' | 'rings'>,
): Promise<ReferenceSwift> {
  const swift = await startReferenceSwift({
    ...side,
    home,
    port,
    backendPort,
    workers: 1,
    devices: 'plain',
    daemons: 'none',
  })
  t.teardown(() => swift.stop())
  return swift
}
