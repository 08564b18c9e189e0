/**
 * The path of a request to a storage server: `/<device>/<partition>/<account>[/<container>[/<object>]]`,
 * percent-encoded UTF-8. A parsed address has only names that Swift's servers accept; the texts of the refusals are
 * Swift's (`common/request_helpers.py`: `split_and_validate_path`, `validate_internal_obj`; `common/utils`: `split_path`).
 *
 * Names that begin with NUL are reserved for the cluster's own use. Storage servers accept them; the gatekeeper of the
 * proxy is what keeps clients from using them.
 */
import { decodePercent, quotedPath } from '#base/names.ts'
import type { Request } from '#http/message.ts'
import { textAnswer } from './answers.ts'
import { Refusal } from './refusal.ts'

export interface Placement {
  /** Directory name of the device below the devices path. */
  readonly device: string
  readonly partition: number
}

export interface AccountAddress extends Placement {
  readonly account: string
}

export interface ContainerAddress extends AccountAddress {
  readonly container: string
}

export interface ObjectAddress extends ContainerAddress {
  readonly object: string
}

/** What a name begins with that only the cluster itself may use (`RESERVED_BYTE`). */
export const RESERVED = '\0'
/** Accounts whose names begin so are created when they are first needed (`AUTO_CREATE_ACCOUNT_PREFIX`). */
export const AUTO_CREATE_ACCOUNT_PREFIX = '.'

export function parseAccountAddress(request: Request): AccountAddress | Refusal {
  const parts = split(request, ACCOUNT)
  if (parts instanceof Refusal) return parts
  return refuseReserved(parts.account, undefined, undefined) ?? accountOf(parts)
}

export function parseContainerAddress(request: Request): ContainerAddress | Refusal {
  const parts = split(request, CONTAINER)
  if (parts instanceof Refusal) return parts
  return refuseReserved(parts.account, parts.container, undefined) ?? containerOf(parts)
}

export function parseObjectAddress(request: Pick<Request, 'path'>): ObjectAddress | Refusal {
  const parts = split(request, OBJECT)
  if (parts instanceof Refusal) return parts
  return refuseReserved(parts.account, parts.container, parts.object) ?? objectOf(parts)
}

/** For the account server's PUT, where the container may be left out. */
export function parseAccountOrContainerAddress(
  request: Request,
): AccountAddress | ContainerAddress | Refusal {
  const parts = split(request, ACCOUNT_OR_CONTAINER)
  if (parts instanceof Refusal) return parts
  const address = parts.container === '' ? accountOf(parts) : containerOf(parts)
  return refuseReserved(parts.account, parts.container, undefined) ?? address
}

/** For the container server's verbs that serve containers and their rows. */
export function parseContainerOrObjectAddress(request: Request): ContainerAddress | ObjectAddress | Refusal {
  const parts = split(request, CONTAINER_OR_OBJECT)
  if (parts instanceof Refusal) return parts
  const address = parts.object === '' ? containerOf(parts) : objectOf(parts)
  return refuseReserved(parts.account, parts.container, parts.object) ?? address
}

/** Does the sender want to see names that begin with NUL in a listing (`X-Backend-Allow-Reserved-Names`)? */
export function allowsReservedNames(request: Request): boolean {
  return isTrueValue(request.headers['x-backend-allow-reserved-names'])
}

const TRUE_VALUES: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 't', 'y'])

/** Swift's notion of a true header or parameter value (`config_true_value`). */
export function isTrueValue(value: string | undefined): boolean {
  return value !== undefined && TRUE_VALUES.has(value.toLowerCase())
}

interface Parts extends AccountAddress {
  /** Empty when there is none. */
  readonly container: string
  /** Empty when there is none. */
  readonly object: string
}

interface Shape {
  readonly least: number
  readonly most: number
  /** With `yes` the last segment takes all slashes that follow; with `no` one trailing slash is ignored. */
  readonly restInLast: 'yes' | 'no'
  /** What was read lately, by path: several layers of a server ask for the address of one request. */
  readonly known: Map<string, Parts>
}

/** Addresses of one shape that are remembered at most. */
const KNOWN_MAX = 256

const ACCOUNT: Shape = { least: 3, most: 3, restInLast: 'no', known: new Map() }
const CONTAINER: Shape = { least: 4, most: 4, restInLast: 'no', known: new Map() }
const OBJECT: Shape = { least: 5, most: 5, restInLast: 'yes', known: new Map() }
const ACCOUNT_OR_CONTAINER: Shape = { least: 3, most: 4, restInLast: 'no', known: new Map() }
const CONTAINER_OR_OBJECT: Shape = { least: 4, most: 5, restInLast: 'yes', known: new Map() }

function split({ path }: Pick<Request, 'path'>, shape: Shape): Parts | Refusal {
  const known = shape.known.get(path)
  if (known !== undefined) return known
  const parts = partsOf(path, shape)
  if (parts instanceof Refusal) return parts
  if (shape.known.size >= KNOWN_MAX) shape.known.clear()
  shape.known.set(path, parts)
  return parts
}

function partsOf(encoded: string, shape: Shape): Parts | Refusal {
  const path = decodePercent(encoded)
  if (path === undefined) return new Refusal(textAnswer(412, 'Invalid UTF8 or contains NULL'))
  const segments = segmentsOf(path, shape)
  if (segments === undefined) return refuse(`Invalid path: ${quotedPath(path)}`)
  const [device = '', written = '', account = '', container = '', object = ''] = segments
  if (device === '.' || device === '..') return refuse(`Invalid device: ${device}`)
  if (!/^\d{1,10}$/.test(written)) return refuse(`Invalid partition: ${quotedPath(written)}`)
  return { device, partition: Number(written), account, container, object }
}

/** The segments after the leading slash; `undefined` when there are too few, too many, or one of the first is empty. */
function segmentsOf(path: string, shape: Shape): readonly string[] | undefined {
  if (!path.startsWith('/')) return undefined
  const segments = path.slice(1).split('/')
  if (shape.restInLast === 'yes' && segments.length > shape.most) {
    segments.push(segments.splice(shape.most - 1).join('/'))
  }
  if (segments.length === shape.most + 1 && segments[shape.most] === '') segments.pop()
  if (segments.length > shape.most) return undefined
  const needed = segments.slice(0, shape.least)
  return needed.length < shape.least || needed.includes('') ? undefined : segments
}

function accountOf({ device, partition, account }: Parts): AccountAddress {
  return { device, partition, account }
}

function containerOf({ device, partition, account, container }: Parts): ContainerAddress {
  return { device, partition, account, container }
}

function objectOf({ device, partition, account, container, object }: Parts): ObjectAddress {
  return { device, partition, account, container, object }
}

/** A NUL is only allowed as the first character, and object and container must agree about it. */
function refuseReserved(
  account: string,
  container: string | undefined,
  object: string | undefined,
): Refusal | undefined {
  if (hidesReserved(account)) return refuse('Invalid reserved-namespace account')
  if (hidesReserved(container)) return refuse('Invalid reserved-namespace container')
  if (object === undefined || object === '' || account.startsWith(AUTO_CREATE_ACCOUNT_PREFIX))
    return undefined
  if (hidesReserved(object)) return refuse('Invalid reserved-namespace object')
  const containerReserved = container?.startsWith(RESERVED) === true
  if (containerReserved === object.startsWith(RESERVED)) return undefined
  return refuse(
    containerReserved
      ? 'Invalid user-namespace object in reserved-namespace container'
      : 'Invalid reserved-namespace object in user-namespace container',
  )
}

function hidesReserved(name: string | undefined): boolean {
  return name?.includes(RESERVED) === true && !name.startsWith(RESERVED)
}

function refuse(text: string): Refusal {
  return new Refusal(textAnswer(400, text))
}
