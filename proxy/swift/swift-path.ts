/**
 * `/v1/account[/container[/object]]`, taken apart once. The path is decoded before it is cut, so an encoded slash cuts,
 * too (OpenStack Swift, `proxy/server.py`: `get_controller`).
 */
import type { Response } from '#http/message.ts'
import type { AccountName, ContainerName, ObjectName } from '#store/operation.ts'
import { answer, HTML_TYPE, textAnswer } from '../answers.ts'

const VERSIONS: readonly string[] = ['v1', 'v1.0']

export type SwiftPath =
  | { readonly kind: 'account'; readonly name: AccountName }
  | { readonly kind: 'container'; readonly name: ContainerName }
  | { readonly kind: 'object'; readonly name: ObjectName }
  | { readonly kind: 'refused'; readonly response: Response }

/** `path` is decoded. */
export function parseSwiftPath(path: string): SwiftPath {
  const versionEnd = segmentEnd(path, 1)
  const version = path.slice(1, versionEnd)
  if (version === '' || path[0] !== '/') return { kind: 'refused', response: answer(404) }
  const accountEnd = segmentEnd(path, versionEnd + 1)
  const account = path.slice(versionEnd + 1, accountEnd)
  if (account === '') return badUrl()
  if (!VERSIONS.includes(version)) return { kind: 'refused', response: answer(400) }
  const containerEnd = segmentEnd(path, accountEnd + 1)
  const container = path.slice(accountEnd + 1, containerEnd)
  const object = path.slice(containerEnd + 1)
  if (container === '') return object === '' ? { kind: 'account', name: { account } } : badUrl()
  if (object === '') return { kind: 'container', name: { account, container } }
  return { kind: 'object', name: { account, container, object } }
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start)
  return slash < 0 ? path.length : slash
}

function badUrl(): SwiftPath {
  return { kind: 'refused', response: textAnswer(412, 'Bad URL', HTML_TYPE) }
}
