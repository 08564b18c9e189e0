/**
 * The actions of the security token service that there are here. Credentials that it gives never allow more than their holder
 * may. AssumeRole gives what a role may that is assigned to the caller (`auth/roles.ts`), less what the session policy takes
 * away, and is denied for any other role. A role trusts those to whom it is assigned, and those are people: who is in a role
 * takes on no further one, so no chain of sessions outlives what its first link was given.
 */
import { type AssumedRole, inRole } from '#auth/roles.ts'
import type { KeyHolder } from '#auth/s3/access-keys.ts'
import type { SignedBy } from '#auth/s3/request-verifier.ts'
import type { IssuedSession, Session, SessionParent, Sessions } from '#auth/s3/session-credentials.ts'
import { element, elementOf } from '../s3/xml-writer.ts'
import { credentialsXml } from './sts-answer.ts'
import { type StsError, stsError } from './sts-error.ts'
import { durationIn, policyIn, type StsParameters, textIn } from './sts-parameters.ts'

export interface StsVisit {
  readonly sender: SignedBy
  readonly parameters: StsParameters
  readonly sessions: Sessions
}

/** Gives the result as XML. */
export type StsAction = (visit: StsVisit) => string | StsError

const HOUR = 3600
/** Limits and defaults of the API reference, seconds. */
const SESSION_LIFE = { usual: 12 * HOUR, most: 36 * HOUR }
const ROLE_LIFE = { usual: HOUR, most: 12 * HOUR }
const ROLE_ARN =
  /^arn:aws[a-z-]*:iam::(?<account>[^:]{1,128}):role\/(?:[\x21-\x7e]+\/)?(?<role>[\w+=,.@-]{1,64})$/
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/
const FEDERATED_NAME = /^[\w+=,.@-]{2,32}$/
/** A token must fit into a request line together with the rest of a link. */
const TOKEN_CHARACTERS_MAX = 7000
/** Of a federated user without a policy of their own, who may do nothing. */
const NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'

export const STS_ACTIONS: ReadonlyMap<string, StsAction> = new Map([
  ['AssumeRole', assumeRole],
  ['GetCallerIdentity', getCallerIdentity],
  ['GetFederationToken', getFederationToken],
  ['GetSessionToken', getSessionToken],
])

function isError(value: object | string | number): value is StsError {
  return typeof value === 'object' && 'kind' in value && value.kind === 'sts_error'
}

function getSessionToken({ sender, parameters, sessions }: StsVisit): string | StsError {
  if (sender.session !== undefined) return onlyLasting('GetSessionToken')
  const seconds = durationIn(parameters, SESSION_LIFE)
  if (isError(seconds)) return seconds
  return credentialsXml(sessions.issue(parentOf(sender), { name: '', policy: undefined }, seconds))
}

function getFederationToken({ sender, parameters, sessions }: StsVisit): string | StsError {
  if (sender.session !== undefined) return onlyLasting('GetFederationToken')
  const name = textIn(parameters, 'Name', FEDERATED_NAME)
  if (isError(name)) return name
  const issued = issue({ sender, parameters, sessions }, name, { life: SESSION_LIFE, withoutPolicy: NOTHING })
  if (isError(issued)) return issued
  const account = accountOf(sender.holder)
  const user = elementOf(
    'FederatedUser',
    element('Arn', `arn:aws:sts::${account}:federated-user/${name}`),
    element('FederatedUserId', `${account}:${name}`),
  )
  return credentialsXml(issued) + user + packedSize(issued.session)
}

function assumeRole({ sender, parameters, sessions }: StsVisit): string | StsError {
  const arn = textIn(parameters, 'RoleArn', ROLE_ARN)
  if (isError(arn)) return arn
  const name = textIn(parameters, 'RoleSessionName', SESSION_NAME)
  if (isError(name)) return name
  const { account = '', role = '' } = ROLE_ARN.exec(arn)?.groups ?? {}
  if (!mayTakeOn(sender, account, { name: role, session: name })) {
    const who = callerArn(sender)
    return stsError(
      'AccessDenied',
      `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    )
  }
  const issued = issue({ sender, parameters, sessions }, name, {
    life: ROLE_LIFE,
    withoutPolicy: undefined,
    role,
  })
  if (isError(issued)) return issued
  const user = elementOf(
    'AssumedRoleUser',
    element('AssumedRoleId', `${role}:${name}`),
    element('Arn', `arn:aws:sts::${accountOf(sender.holder)}:assumed-role/${role}/${name}`),
  )
  return credentialsXml(issued) + user + packedSize(issued.session)
}

/** Whoever is limited already, by a policy or by a role, would otherwise put other limits in their place. */
function mayTakeOn({ holder, session }: SignedBy, account: string, wanted: AssumedRole): boolean {
  if (session?.policy !== undefined || session?.role !== undefined) return false
  const isOwn = account === holder.principal.tenant || account === holder.account
  return isOwn && inRole(holder.principal, holder.account, wanted) !== undefined
}

interface Issuing {
  readonly life: typeof ROLE_LIFE
  /** What limits the session when no policy is given. */
  readonly withoutPolicy: string | undefined
  readonly role?: string | undefined
}

function issue(
  { sender, parameters, sessions }: StsVisit,
  name: string,
  { life, withoutPolicy, role }: Issuing,
): IssuedSession | StsError {
  const seconds = durationIn(parameters, life)
  if (isError(seconds)) return seconds
  const given = policyIn(parameters)
  if (isError(given)) return given
  const limits = { name, policy: given.policy ?? withoutPolicy, ...(role === undefined ? {} : { role }) }
  const issued = sessions.issue(parentOf(sender), limits, seconds)
  if (issued.sessionToken.length <= TOKEN_CHARACTERS_MAX) return issued
  return stsError(
    'PackedPolicyTooLarge',
    'The session policy leaves no room for the rest of the session token.',
  )
}

/** Credentials that were given out to temporary ones depend on the same lasting key. */
function parentOf({ lastingKey: accessKey, holder }: SignedBy): SessionParent {
  return { accessKey, holder }
}

function getCallerIdentity({ sender }: StsVisit): string {
  const { holder, session } = sender
  const id = session?.role === undefined ? holder.user : `${session.role}:${session.name}`
  return element('Arn', callerArn(sender)) + element('UserId', id) + element('Account', accountOf(holder))
}

function callerArn({ holder, session }: SignedBy): string {
  const account = accountOf(holder)
  if (session?.role !== undefined) {
    return `arn:aws:sts::${account}:assumed-role/${session.role}/${session.name}`
  }
  return session?.name
    ? `arn:aws:sts::${account}:federated-user/${session.name}`
    : `arn:aws:iam::${account}:user/${nameOf(holder)}`
}

function onlyLasting(action: string): StsError {
  return stsError('AccessDenied', `Cannot call ${action} with session credentials`)
}

/** How much of the room for policies is used, in percent. */
function packedSize({ policy }: Session): string {
  return policy === undefined ? '' : element('PackedPolicySize', Math.ceil((policy.length * 100) / 2048))
}

function accountOf({ principal }: KeyHolder): string {
  return principal.tenant
}

function nameOf({ user, principal }: KeyHolder): string {
  return user.startsWith(`${principal.tenant}:`) ? user.slice(principal.tenant.length + 1) : user
}
