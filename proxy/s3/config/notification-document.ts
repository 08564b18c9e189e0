/** `NotificationConfiguration` (Amazon S3 API Reference, PutBucketNotificationConfiguration). */
import { createHash } from 'node:crypto'
import {
  isEventName,
  type NotificationConfiguration,
  type NotificationTarget,
  overlap,
} from '#store/bucket-settings/notification-rules.ts'
import { type S3Error, s3Error } from '../error.ts'
import {
  type Codec,
  checked,
  exactText,
  type Field,
  holding,
  malformed,
  many,
  mapped,
  optional,
  parsed,
  required,
  struct,
  text,
} from './xml-schema.ts'

interface FilterRule {
  readonly name: string
  readonly value: string
}

const filter = holding(
  required(
    'S3Key',
    holding(
      many(
        'FilterRule',
        struct<FilterRule>({ name: required('Name', text()), value: required('Value', exactText) }),
      ),
    ),
  ),
)

const event = checked(text(), (name) =>
  isEventName(name)
    ? undefined
    : s3Error('InvalidArgument', {
        message: 'A specified event is not supported for notifications.',
        extra: { ArgumentName: 'Event', ArgumentValue: name },
      }),
)

interface WrittenTarget {
  readonly id?: string | undefined
  readonly arn: string
  readonly events: readonly string[]
  readonly rules?: readonly FilterRule[] | undefined
}

type Kind = NotificationTarget['kind']

function targets(
  elementName: string,
  kind: Kind,
  ...arnElements: readonly [string, ...string[]]
): Field<readonly NotificationTarget[]> {
  const codecs = arnElements.map((arn) =>
    mapped<WrittenTarget, NotificationTarget>(
      struct<WrittenTarget>({
        id: optional('Id', exactText),
        arn: required(arn, text()),
        events: many('Event', event, { atLeast: 1 }),
        rules: optional('Filter', filter),
      }),
      (written) => targetOf(written, kind),
      writtenOf,
    ),
  )
  const [usual] = codecs
  if (usual === undefined) throw new Error('a target is named by an element')
  const either: Codec<NotificationTarget> = {
    read: (element) => {
      const at = arnElements.findIndex((arn) => element.child(arn) !== undefined)
      return (codecs[at] ?? usual).read(element)
    },
    write: usual.write,
  }
  return many(elementName, either)
}

function targetOf(
  { id, arn, events, rules = [] }: WrittenTarget,
  kind: Kind,
): ReturnType<Codec<NotificationTarget>['read']> {
  const found: Partial<Record<'prefix' | 'suffix', string>> = {}
  for (const { name, value } of rules) {
    const lower = name.toLowerCase()
    if (lower !== 'prefix' && lower !== 'suffix')
      return filterProblem('filter rule name must be either prefix or suffix')
    if (found[lower] !== undefined) {
      return filterProblem(`Cannot specify more than one ${lower} rule in a filter.`)
    }
    found[lower] = value
  }
  const own = id === undefined || id === '' ? idFor({ arn, events, rules }) : id
  return parsed({ id: own, kind, arn, events, ...found })
}

function writtenOf({ id, arn, events, prefix, suffix }: NotificationTarget): WrittenTarget {
  const rules = [
    ...(prefix === undefined ? [] : [{ name: 'Prefix', value: prefix }]),
    ...(suffix === undefined ? [] : [{ name: 'Suffix', value: suffix }]),
  ]
  return { id, arn, events, rules: rules.length === 0 ? undefined : rules }
}

function filterProblem(message: string): S3Error {
  return s3Error('InvalidArgument', { message })
}

function idFor(target: unknown): string {
  return createHash('md5').update(JSON.stringify(target)).digest('base64url')
}

interface Written {
  readonly topics: readonly NotificationTarget[]
  readonly queues: readonly NotificationTarget[]
  readonly functions: readonly NotificationTarget[]
  readonly eventBridge?: Readonly<Record<string, never>> | undefined
}

/** The older names of some elements are read, too. */
export const notificationDocument = mapped<Written, NotificationConfiguration>(
  struct<Written>({
    topics: targets('TopicConfiguration', 'topic', 'Topic'),
    queues: targets('QueueConfiguration', 'queue', 'Queue'),
    functions: targets('CloudFunctionConfiguration', 'function', 'CloudFunction', 'LambdaFunctionArn'),
    eventBridge: optional('EventBridgeConfiguration', struct<Record<string, never>>({})),
  }),
  ({ topics, queues, functions, eventBridge }) => {
    const all = [...topics, ...queues, ...functions]
    const problem = togetherProblem(all)
    if (problem !== undefined) return problem
    return parsed({ targets: all, ...(eventBridge === undefined ? {} : { eventBridge: true }) })
  },
  ({ targets: all, eventBridge }) => ({
    topics: all.filter(({ kind }) => kind === 'topic'),
    queues: all.filter(({ kind }) => kind === 'queue'),
    functions: all.filter(({ kind }) => kind === 'function'),
    eventBridge: eventBridge === true ? {} : undefined,
  }),
)

const TARGETS_MAX = 100

function togetherProblem(all: readonly NotificationTarget[]): S3Error | undefined {
  if (all.length > TARGETS_MAX) return malformed()
  for (const [at, one] of all.entries()) {
    const others = all.slice(at + 1)
    if (others.some(({ id }) => id === one.id)) {
      return s3Error('InvalidArgument', {
        message: 'Same ID used for multiple configurations. IDs must be unique',
      })
    }
    if (others.some((other) => overlap(one, other))) {
      return s3Error('InvalidArgument', {
        message:
          'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
      })
    }
  }
  return undefined
}
