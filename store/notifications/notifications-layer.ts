/**
 * Tells the targets that a bucket's owner named what happens to its objects, through whatever door. The event is in the queue
 * before the write is answered; of a write that nobody was told of, nobody need hear. A write is not undone because its event
 * could not be queued: that is logged. A bucket that tells nobody costs a look at its container's metadata.
 */
import { type BucketSettings, hasSettings } from '../bucket-settings/bucket-settings.ts'
import { type ObjectEventName, targetsOf, webhookIn } from '../bucket-settings/notification-rules.ts'
import type {
  ObjectDelete,
  ObjectDeleteOutcome,
  ObjectDeleteReceipt,
  ObjectPut,
  Store,
  StoreLayer,
  VersionsOfDelete,
} from '../contract.ts'
import { objectsOver } from '../layering.ts'
import type { OperationContext } from '../operation.ts'
import type { EventQueue } from './event-queue.ts'
import { eventMessage, type ObjectEvent } from './event-record.ts'

export interface NotificationsOptions {
  readonly settings: BucketSettings
  readonly queue: EventQueue
  /** Told in events. */
  readonly region: string
}

export function notificationsLayer({ settings, queue, region }: NotificationsOptions): StoreLayer {
  return (inner: Store): Store => {
    const tell = async (context: OperationContext, happened: ObjectEvent): Promise<void> => {
      const { account, container, object } = happened.name
      const info = await inner.containers.info(context, { account, container })
      if (info === undefined || !hasSettings(info)) return
      const read = await settings.ofKnown(context, { account, container }, info)
      if (read.kind !== 'settings')
        context.log.error({ reason: read.kind }, 'whom to tell of an event could not be read')
      const rules = read.kind === 'settings' ? read.documents.notification : undefined
      for (const { id, arn } of rules === undefined ? [] : targetsOf(rules, happened.event, object)) {
        const url = webhookIn(arn)
        if (url === undefined) continue
        const message = eventMessage(happened, context, { configurationId: id, region })
        const queued = await queue.add(context, happened.name, { url: url.href, message })
        if (queued.kind !== 'queued')
          context.log.error({ target: id, reason: queued.kind }, 'an event could not be queued')
      }
    }
    return {
      accounts: inner.accounts,
      containers: inner.containers,
      objects: objectsOver(inner.objects, {
        async put(context, name, put) {
          const made = await inner.objects.put(context, name, put)
          if (made.kind !== 'created') return made
          const { timestamp: at, versionId, etag, sizeBytes } = made
          await tell(context, { event: created(put), name, at, versionId, written: { etag, sizeBytes } })
          return made
        },
        async delete(context, name, options) {
          const gone = await inner.objects.delete(context, name, options)
          if (!isDeleted(gone)) return gone
          const { timestamp: at, versionId } = gone
          await tell(context, { event: removed(options, gone), name, at, versionId })
          return gone
        },
      }),
    }
  }
}

function created({ cause }: ObjectPut): ObjectEventName {
  return `ObjectCreated:${cause ?? 'Put'}`
}

function isDeleted(outcome: ObjectDeleteOutcome): outcome is ObjectDeleteReceipt & VersionsOfDelete {
  return outcome.kind === 'deleted'
}

/** A delete that names no version and leaves one has made a marker. */
function removed({ versionId }: ObjectDelete, gone: VersionsOfDelete): ObjectEventName {
  const isMarker = versionId === undefined && gone.versionId !== undefined
  return isMarker ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete'
}
