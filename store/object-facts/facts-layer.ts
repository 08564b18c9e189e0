/**
 * A POST through Swift replaces an object's metadata and must not take away what S3 keeps beside them: tags, access lists.
 * Only containers that S3 has to do with are looked at; in all others a POST costs what it did.
 */
import type { ContainerInfo, ObjectOperations, Store } from '../contract.ts'
import { objectsOver } from '../layering.ts'
import { factsIn } from './object-facts.ts'

/** Begins the names of what S3 keeps of containers. */
const OF_S3 = 'x-container-sysmeta-s3'

export function objectFactsLayer(inner: Store): Store {
  const post: ObjectOperations['post'] = async (context, name, asked) => {
    if (asked.fields !== undefined) return await inner.objects.post(context, name, asked)
    const info = await inner.containers.info(context, { account: name.account, container: name.container })
    if (info === undefined || !isOfS3(info)) return await inner.objects.post(context, name, asked)
    const read = await inner.objects.read(context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      versionId: asked.versionId,
      manifest: 'as_stored',
      keyless: 'allowed',
    })
    // What cannot be read now must not be written over.
    if (read.kind === 'unavailable') return read
    const facts = read.kind === 'found' ? factsIn(read.headers) : {}
    const metadata = { ...facts, ...asked.metadata }
    return await inner.objects.post(context, name, { ...asked, metadata, fields: 'metadata' })
  }
  return {
    accounts: inner.accounts,
    containers: inner.containers,
    objects: objectsOver(inner.objects, { post }),
  }
}

function isOfS3({ metadata }: ContainerInfo): boolean {
  return Object.keys(metadata).some((name) => name.startsWith(OF_S3))
}
