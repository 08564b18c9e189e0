/** What one pass of an auditor that reads indexes works with: where it begins, whom it tells, when it rests. */
import type { Clock } from '#base/environment.ts'
import type { Notes } from '#object-server/device-notes.ts'
import type { PassOptions } from '#worker/contract.ts'
import type { Foreground } from '#worker/foreground.ts'
import { Gait } from '#worker/gait.ts'
import type { Pass } from '#worker/pass.ts'

export interface AuditPass<Options, Position> {
  readonly options: Options
  /** Where the last pass was stopped. */
  readonly from: Position
  readonly pass: Pass
  readonly how: PassOptions
  readonly gait: Gait
}

interface Gaited {
  readonly clock: Clock
  readonly foreground: Foreground
}

/** `perSecond`: names or rows that are looked at, at most. */
export function auditPass<Options extends Gaited, Position>(
  begun: Omit<AuditPass<Options, Position>, 'gait'>,
  perSecond: number | undefined,
): AuditPass<Options, Position> {
  return { ...begun, gait: new Gait({ ...begun.options, filesPerSecond: perSecond }) }
}

/** The note of a worker of this version; what another version wrote is none. */
export function notedBy<Position extends { readonly version: number }>(
  notes: Notes,
  name: string,
  version: number,
): Position | undefined {
  const note = notes.get(name) as Position | undefined
  return note?.version === version ? note : undefined
}
