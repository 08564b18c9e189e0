/**
 * An event as Amazon S3 tells it ("Event message structure"). Pure. Keys are written as in the query of a URL; sequencers of
 * events of one key sort, as texts, in the order of the writes.
 */
import type { Timestamp } from '#base/timestamp.ts'
import { ticksOf } from '#base/timestamp.ts'
import type { ObjectEventName } from '../bucket-settings/notification-rules.ts'
import type { ObjectName, OperationContext } from '../operation.ts'

export interface ObjectEvent {
  readonly event: ObjectEventName
  readonly name: ObjectName
  /** When it was written or deleted. */
  readonly at: Timestamp
  readonly versionId: string | undefined
  /** Of what was written. */
  readonly written?: { readonly sizeBytes: number; readonly etag: string } | undefined
}

const TICKS_PER_MS = 100
const SEQUENCER_DIGITS = 16

/** The message for one target. */
export function eventMessage(
  { event, name, at, versionId, written }: ObjectEvent,
  context: Pick<OperationContext, 'txId' | 'asker'>,
  { configurationId, region }: { readonly configurationId: string; readonly region: string },
): string {
  const { txId, asker } = context
  const principalId = asker?.user ?? 'anonymous'
  const record = {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: new Date(ticksOf(at) / TICKS_PER_MS).toISOString(),
    eventName: event,
    userIdentity: { principalId },
    requestParameters: { sourceIPAddress: asker?.address ?? '' },
    responseElements: { 'x-amz-request-id': txId, 'x-amz-id-2': txId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: {
        name: name.container,
        ownerIdentity: { principalId: name.account },
        arn: `arn:aws:s3:::${name.container}`,
      },
      object: {
        key: encodeURIComponent(name.object).replaceAll('%20', '+').replaceAll('%2F', '/'),
        ...(written === undefined ? {} : { size: written.sizeBytes, eTag: written.etag }),
        ...(versionId === undefined ? {} : { versionId }),
        sequencer: ticksOf(at).toString(16).toUpperCase().padStart(SEQUENCER_DIGITS, '0'),
      },
    },
  }
  return JSON.stringify({ Records: [record] })
}
