/**
 * A POST through Swift replaces an object's metadata and must not take away what S3 keeps beside them: tags, access lists.
 * Only containers that S3 has to do with are looked at; in all others a POST costs what it did.
 */
import type { ContainerInfo, ObjectOperations, Store } from '../contract.ts'
import { objectsOver } from '../layering.ts'
import { FACT_PREFIX, factsIn } from './object-facts.ts'

/** Begins the names of what S3 keeps of containers. */
const OF_S3 = 'x-container-sysmeta-s3'

export function objectFactsLayer(inner: Store): Store {
  const post: ObjectOperations['post'] = async (context, name, asked) => {
    const knowsFacts = Object.keys(asked.metadata).some((item) => item.startsWith(FACT_PREFIX))
    const info = await inner.containers.info(context, { account: name.account, container: name.container })
    if (knowsFacts || info === undefined || !isOfS3(info))
      return await inner.objects.post(context, name, asked)
    const read = await inner.objects.read(context, name, {
      method: 'HEAD',
      conditions: {},
      newest: true,
      versionId: asked.versionId,
      manifest: 'as_stored',
    })
    // What cannot be read now must not be written over.
    if (read.kind === 'unavailable') return read
    const facts = read.kind === 'found' ? factsIn(read.headers) : {}
    return await inner.objects.post(context, name, { ...asked, metadata: { ...facts, ...asked.metadata } })
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
