/** Parameters in the query of a request for an object. */
import type { Request } from '#http/message.ts'
import { parseQuery } from '#http/query.ts'

export interface ObjectParameters {
  /** `?version-id=`; an empty one asks for nothing. */
  readonly versionId?: string | undefined
  /** `?symlink=get` */
  readonly symlink?: 'as_stored' | undefined
}

const NONE: ObjectParameters = {}

export function objectParametersIn({ query }: Request): ObjectParameters {
  if (query === '') return NONE
  const { values } = parseQuery(query)
  const versionId = values.get('version-id')
  return {
    versionId: versionId === '' ? undefined : versionId,
    symlink: values.get('symlink') === 'get' ? 'as_stored' : undefined,
  }
}
