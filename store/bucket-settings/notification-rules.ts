/**
 * Which events of a bucket are told to whom. Pure. Event names and their families are those of Amazon S3 ("Supported event
 * types"); filters on keys are one prefix and one suffix at most.
 */

export interface NotificationConfiguration {
  readonly targets: readonly NotificationTarget[]
  /** Stored and given back; there is no such service here to tell. */
  readonly eventBridge?: true | undefined
}

export interface NotificationTarget {
  readonly id: string
  /** Which element it was put as. */
  readonly kind: 'topic' | 'queue' | 'function'
  readonly arn: string
  readonly events: readonly string[]
  readonly prefix?: string | undefined
  readonly suffix?: string | undefined
}

/** What happened to an object, without `s3:`. */
export const OBJECT_EVENTS = [
  'ObjectCreated:Put',
  'ObjectCreated:Post',
  'ObjectCreated:Copy',
  'ObjectCreated:CompleteMultipartUpload',
  'ObjectRemoved:Delete',
  'ObjectRemoved:DeleteMarkerCreated',
  'ObjectTagging:Put',
  'ObjectTagging:Delete',
  'ObjectAcl:Put',
  'LifecycleExpiration:Delete',
  'LifecycleExpiration:DeleteMarkerCreated',
] as const

export type ObjectEventName = (typeof OBJECT_EVENTS)[number]

/** Events of Amazon S3 that never happen here; they may be asked for. */
const NEVER_HERE = [
  'ReducedRedundancyLostObject',
  'ObjectRestore:Post',
  'ObjectRestore:Completed',
  'ObjectRestore:Delete',
  'Replication:OperationFailedReplication',
  'Replication:OperationMissedThreshold',
  'Replication:OperationReplicatedAfterThreshold',
  'Replication:OperationNotTracked',
  'LifecycleTransition',
  'IntelligentTiering',
] as const

const KNOWN: ReadonlySet<string> = new Set(
  [...OBJECT_EVENTS, ...NEVER_HERE].flatMap((name) => {
    const [family = ''] = name.split(':')
    return name.includes(':') ? [`s3:${name}`, `s3:${family}:*`] : [`s3:${name}`]
  }),
)

export function isEventName(written: string): boolean {
  return KNOWN.has(written)
}

/** The targets that want to hear of it. */
export function targetsOf(
  { targets }: NotificationConfiguration,
  event: ObjectEventName,
  key: string,
): readonly NotificationTarget[] {
  const [family = ''] = event.split(':')
  return targets.filter(
    ({ events, prefix = '', suffix = '' }) =>
      events.some((wanted) => wanted === `s3:${event}` || wanted === `s3:${family}:*`) &&
      key.startsWith(prefix) &&
      key.endsWith(suffix),
  )
}

/** Whether some event and some key would be told to both: Amazon S3 refuses such a pair. */
export function overlap(one: NotificationTarget, other: NotificationTarget): boolean {
  if (!one.events.some((event) => other.events.some((also) => meet(event, also)))) return false
  const prefixes = bothCanHold(one.prefix ?? '', other.prefix ?? '', (long, short) => long.startsWith(short))
  const suffixes = bothCanHold(one.suffix ?? '', other.suffix ?? '', (long, short) => long.endsWith(short))
  return prefixes && suffixes
}

function meet(one: string, other: string): boolean {
  if (one === other) return true
  const [family, name] = one.split(':').slice(1)
  const [otherFamily, otherName] = other.split(':').slice(1)
  return family === otherFamily && (name === '*' || otherName === '*')
}

function bothCanHold(
  one: string,
  other: string,
  contains: (long: string, short: string) => boolean,
): boolean {
  return contains(one, other) || contains(other, one)
}

const WEBHOOK = /^arn:martlet:webhook:[a-z0-9-]*:[^:]*:(https?:\/\/.+)$/
const URL_CHARACTERS_MAX = 2048

/** The address of a webhook that an ARN names; `undefined` when it names none. Passwords have no place in it. */
export function webhookIn(arn: string): URL | undefined {
  const written = WEBHOOK.exec(arn)?.[1]
  if (written === undefined || written.length > URL_CHARACTERS_MAX) return undefined
  const url = URL.canParse(written) ? new URL(written) : undefined
  return url === undefined || url.username !== '' || url.password !== '' ? undefined : url
}
