/** What `martlet ring` prints about builders: tables for people, objects for `--json`. */
import { balanceByDevice, worstBalance } from '#ring/balance.ts'
import { type Builder, minutesUntilMovable } from '#ring/builder.ts'
import { hostAndPort, type RingDevice } from '#ring/device.ts'
import type { DispersionReport } from '#ring/dispersion.ts'

export interface DeviceReport extends RingDevice {
  readonly partitions: number
  readonly balance: number
  readonly removed: boolean
}

export interface BuilderReport {
  readonly version: number
  readonly partPower: number
  readonly partitions: number
  readonly replicas: number
  readonly overload: number
  readonly minPartHours: number
  readonly minutesUntilMovable: number
  readonly balance: number
  readonly devices: readonly DeviceReport[]
}

/** The figures of a builder; `shown` limits the devices listed. */
export function builderReport(builder: Builder, nowMs: number, shown: readonly RingDevice[]): BuilderReport {
  const balances = new Map(balanceByDevice(builder).map((device) => [device.id, device]))
  return {
    version: builder.version,
    partPower: builder.partPower,
    partitions: 2 ** builder.partPower,
    replicas: builder.replicas,
    overload: builder.overload,
    minPartHours: builder.minPartHours,
    minutesUntilMovable: minutesUntilMovable(builder, nowMs),
    balance: worstBalance(builder),
    devices: shown.map((device) => ({
      ...device,
      partitions: balances.get(device.id)?.partitions ?? 0,
      balance: balances.get(device.id)?.balance ?? 0,
      removed: builder.removedIds.has(device.id),
    })),
  }
}

/** The settings in three lines, then the devices. */
export function builderText(report: BuilderReport): string {
  const { partitions, replicas, balance, version } = report
  const wait = report.minutesUntilMovable
  return [
    `Version ${version}: ${partitions} partitions, ${replicas} replicas, balance ${balance.toFixed(2)} %`,
    `A partition moves again after ${report.minPartHours} h (${wait === 0 ? 'all may move now' : `all in ${wait} min`})`,
    `Overload ${(report.overload * 100).toFixed(2)} %`,
    ...(report.devices.length === 0 ? ['No devices'] : [deviceTable(report.devices)]),
  ].join('\n')
}

/** One line per device. */
export function deviceTable(devices: readonly DeviceReport[]): string {
  const rows = devices.map((device) => [
    String(device.id),
    String(device.region),
    String(device.zone),
    hostAndPort(device.ip, device.port),
    hostAndPort(device.replicationIp, device.replicationPort),
    device.device,
    device.weight.toFixed(2),
    String(device.partitions),
    device.balance.toFixed(2),
    device.removed ? 'removed' : '',
    device.meta,
  ])
  return textTable(
    [
      'id',
      'region',
      'zone',
      'address',
      'replication',
      'device',
      'weight',
      'partitions',
      'balance %',
      'state',
      'meta',
    ],
    rows,
  )
}

/** The tiers with replicas at risk, or all of them. */
export function dispersionText(report: DispersionReport, shown: 'at risk' | 'all'): string {
  const tiers = report.tiers.filter((tier) => shown === 'all' || tier.atRiskPercent > 0)
  const rows = tiers.map((tier) => [
    tier.tier,
    String(tier.most),
    tier.atRiskPercent.toFixed(2),
    ...tier.partitionsByReplicas.map(String),
  ])
  const counts = report.tiers[0]?.partitionsByReplicas.map((_, replicas) => `with ${replicas}`) ?? []
  const summary = `Dispersion ${report.dispersion.toFixed(2)} %: ${report.replicasAtRisk} replicas are closer together than they could be`
  const overload = `Overload needed for none: ${(report.requiredOverload * 100).toFixed(2)} %`
  if (rows.length === 0) return `${summary}\n${overload}`
  return `${summary}\n${overload}\n${textTable(['tier', 'most', 'at risk %', ...counts], rows)}`
}

const NUMBER = /^-?[\d.]+$/

/** Columns as wide as their widest cell, numbers to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[], sample: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] as number
        return NUMBER.test(sample[column] ?? '') ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(head, rows[0] ?? []), ...rows.map((row) => line(row, row))].join('\n')
}
