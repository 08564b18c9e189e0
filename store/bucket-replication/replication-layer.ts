/**
 * Says of every new version where it is to be replicated, through whatever door it comes: what the rules of this moment say is
 * stored with it, and what is not is never replicated. A write is refused while nobody can tell the rules: else it would be
 * acknowledged and have no second copy. A bucket that is replicated keeps its versions, and one that is not costs a look at
 * its container's metadata.
 */
import type { HeaderMap } from '#http/message.ts'
import { type BucketSettings, hasSettings } from '../bucket-settings/bucket-settings.ts'
import {
  type ReplicationConfiguration,
  type ReplicationRule,
  rulesOfMarker,
  rulesOfObject,
} from '../bucket-settings/replication-rules.ts'
import type { ObjectPut, Store, StoreLayer } from '../contract.ts'
import { askedEncryptionIn } from '../encryption/asked-encryption.ts'
import type { StoreFailure } from '../failure.ts'
import { containersOver, objectsOver } from '../layering.ts'
import { tagsIn } from '../object-facts/object-tags.ts'
import type { ContainerName, ObjectName, OperationContext } from '../operation.ts'
import { ENABLED_HEADER, isSwitchedOn } from '../versions/container-versions.ts'
import { versionsIn } from '../versions/kept-versions.ts'
import { containerOf } from '../versions/written-container.ts'
import { goingTo, isReplica } from './replication-facts.ts'

type Unknown = Extract<StoreFailure, { readonly kind: 'unavailable' }>
type Configured = ReplicationConfiguration | undefined | Unknown

const DENIED = { kind: 'denied', status: 403 } as const satisfies StoreFailure

export function replicationLayer(settings: BucketSettings): StoreLayer {
  return (inner: Store): Store => {
    const { containers, objects } = inner
    const configured = async (
      context: OperationContext,
      { account, container }: ObjectName | ContainerName,
    ): Promise<Configured> => {
      const name = { account, container }
      const found = await containerOf(containers, context, name)
      if (found.kind !== 'known') return found.kind === 'unavailable' ? found : undefined
      const { info } = found
      if (!hasSettings(info) || versionsIn(info.metadata)?.keeping !== 'on') return undefined
      const read = await settings.ofKnown(context, name, info)
      if (read.kind === 'settings') return read.documents.replication
      return read.kind === 'no_such_container' ? undefined : read
    }
    const refusal = async (
      context: OperationContext,
      name: ContainerName,
      changes: HeaderMap,
    ): Promise<StoreFailure | undefined> => {
      const versions = changes[ENABLED_HEADER]
      if (versions === undefined || isSwitchedOn(versions)) return undefined
      const found = await configured(context, name)
      return found === undefined || isUnknown(found) ? found : DENIED
    }
    return {
      accounts: inner.accounts,
      containers: containersOver(containers, {
        put: async (context, name, put) =>
          (await refusal(context, name, put.changes)) ?? containers.put(context, name, put),
        post: async (context, name, changes) =>
          (await refusal(context, name, changes)) ?? containers.post(context, name, changes),
      }),
      objects: objectsOver(objects, {
        async put(context, name, put) {
          // What container sync brings has a time of its own, which may be before any rule.
          const isFromElsewhere = isReplica(put.metadata) || put.timestamp !== undefined
          if (isFromElsewhere || put.versionId !== undefined) return await objects.put(context, name, put)
          const found = await configured(context, name)
          if (isUnknown(found)) {
            await put.body.cancel()
            return found
          }
          const marks = found === undefined ? {} : goingTo(rulesOfPut(found, name, put))
          return await objects.put(context, name, { ...put, metadata: { ...put.metadata, ...marks } })
        },
        async delete(context, name, options) {
          if (options.versionId !== undefined || options.timestamp !== undefined)
            return await objects.delete(context, name, options)
          const found = await configured(context, name)
          if (isUnknown(found)) return found
          const rules = found === undefined ? [] : rulesOfMarker(found, name.object)
          return await objects.delete(
            context,
            name,
            rules.length === 0 ? options : { ...options, markerMetadata: goingTo(rules) },
          )
        },
      }),
    }
  }
}

function rulesOfPut(
  configured: ReplicationConfiguration,
  { object: key }: ObjectName,
  { metadata, customerKey }: ObjectPut,
): readonly ReplicationRule[] {
  const { algorithm = '' } = askedEncryptionIn(metadata) ?? {}
  const asked = algorithm.startsWith('aws:kms') ? 'kms' : 'none'
  const encryption = customerKey === undefined ? asked : 'customer_key'
  return rulesOfObject(configured, { key, tags: tagsIn(metadata), encryption })
}

function isUnknown(found: Configured): found is Unknown {
  return found !== undefined && 'kind' in found
}
