/** Parameters in the query of a request for an object. */
import type { Request } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'

export interface ObjectParameters {
  /** `?version-id=`; an empty one asks for nothing. */
  readonly versionId?: string | undefined
  /** `?symlink=get` */
  readonly symlink?: 'as_stored' | undefined
  /** `?multipart-manifest=get` */
  readonly manifest?: 'as_stored' | undefined
}

const NONE: ObjectParameters = {}

/** What a request is to do with a manifest; `undefined`: with what it stands for. */
export function manifestParameterIn({ query }: Request): 'get' | 'put' | 'delete' | undefined {
  if (query === '') return undefined
  const manifest = parseQuery(query).values.get('multipart-manifest')
  return manifest === 'get' || manifest === 'put' || manifest === 'delete' ? manifest : undefined
}

export function objectParametersIn({ query }: Request): ObjectParameters {
  if (query === '') return NONE
  const { values } = parseQuery(query)
  const versionId = values.get('version-id')
  return {
    versionId: versionId === '' ? undefined : versionId,
    symlink: values.get('symlink') === 'get' ? 'as_stored' : undefined,
    manifest: values.get('multipart-manifest') === 'get' ? 'as_stored' : undefined,
  }
}
