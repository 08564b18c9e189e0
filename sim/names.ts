/** Names as they stand in histories. */
import type { ObjectName } from '#store/contract.ts'

/** Of `/account/container/object`. */
export function nameOfPath(path: string): ObjectName {
  const [account = '', container = '', ...object] = path.slice(1).split('/')
  return { account, container, object: object.join('/') }
}
