/** What a measurement of replication comes to, for people. */

export interface ReplicationPlan {
  readonly objects: number
  readonly objectBytes: number
  readonly connections: number
}

export interface ReplicationFigures {
  readonly name: string
  readonly objects: number
  /** Objects that the lost device had, and has again. */
  readonly lost: number
  readonly missing: number
  /** From the command to replicate, with all servers running, until the lost device has everything again. */
  readonly refillSeconds: number
  /** One pass of all devices when nothing is missing. */
  readonly idleSeconds: number
}

export function replicationTable(results: readonly ReplicationFigures[]): string {
  const lines = [
    '| | objects | lost with the device | still missing | refilled in | per second | idle pass of all devices |',
    '|---|---|---|---|---|---|---|',
    ...results.map(({ name, objects, lost, missing, refillSeconds, idleSeconds }) => {
      const rate = Math.round((lost - missing) / refillSeconds)
      return `| ${name} | ${objects} | ${lost} | ${missing} | ${refillSeconds.toFixed(1)} s | ${rate} | ${idleSeconds.toFixed(2)} s |`
    }),
  ]
  const [first, second] = results
  if (first !== undefined && second !== undefined) {
    lines.push('', `refill: ${(first.refillSeconds / second.refillSeconds).toFixed(1)} times as fast`)
    lines.push(`idle pass: ${(first.idleSeconds / second.idleSeconds).toFixed(1)} times as fast`)
  }
  return lines.join('\n')
}
