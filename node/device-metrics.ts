/** The state of a device as metrics, for alerts (`docs/operations.md`). Asked when somebody looks. */
import type { Metrics } from '#base/metrics.ts'
import type { DeviceFigureSource, DeviceFigures, VoterFigures } from './device-figures.ts'

type Values<Label extends string> = readonly {
  readonly labels: Readonly<Record<Label, string>>
  readonly value: number
}[]

/** Adds the figures of the device to those of its process. */
export function observeDevice(metrics: Metrics, source: DeviceFigureSource): void {
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    values: (figures: DeviceFigures) => Values<Label>,
  ): void => {
    metrics.observedGauges({ name: `martlet_device_${name}`, help, labels }, async () =>
      values(await source.now()),
    )
  }
  gauge(
    'in_service',
    '1 while the device takes writes; 0 when it is full, read-only, failed or gone',
    [],
    (figures) => [{ labels: {}, value: figures.state.kind === 'ready' ? 1 : 0 }],
  )
  gauge('space_bytes', 'Space of the filesystem', ['kind'], ({ space }) =>
    space === undefined
      ? []
      : [
          { labels: { kind: 'total' }, value: space.totalBytes },
          { labels: { kind: 'free' }, value: space.freeBytes },
        ],
  )
  gauge('records', 'Objects and tombstones', ['policy'], ({ objects }) =>
    objects.map(({ index, records }) => ({ labels: { policy: String(index) }, value: records })),
  )
  gauge('databases', 'Accounts and containers', ['kind'], ({ accounts, containers }) => [
    { labels: { kind: 'accounts' }, value: accounts.count },
    { labels: { kind: 'containers' }, value: containers.count },
  ])
  gauge('quarantined', 'Files and whole indexes taken out of service', ['kind'], (figures) => [
    {
      labels: { kind: 'objects' },
      value: figures.objects.reduce((sum, { quarantined }) => sum + quarantined, 0),
    },
    { labels: { kind: 'accounts' }, value: figures.accounts.quarantined },
    { labels: { kind: 'containers' }, value: figures.containers.quarantined },
  ])
  gauge('joining_partitions', 'Partitions whose replica on the device may not vote', ['kind'], (figures) => [
    ...figures.objects.map(({ index, voters }) => joiningOf(`objects-${index}`, voters)),
    joiningOf('accounts', figures.accounts.voters),
    joiningOf('containers', figures.containers.voters),
  ])
  gauge('ring_version', 'Version of each ring in use', ['ring'], ({ rings }) =>
    Object.entries(rings).map(([ring, { version }]) => ({ labels: { ring }, value: version ?? 0 })),
  )
}

function joiningOf(
  kind: string,
  { joining }: VoterFigures,
): { readonly labels: { readonly kind: string }; readonly value: number } {
  return { labels: { kind }, value: joining }
}
