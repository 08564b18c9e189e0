/**
 * `/v3/ec2tokens` and `/v3/s3tokens`: what somebody signed with a key pair, against a token of the pair's user (as Swift's
 * s3token, Ceph and Heat ask it). Only services may: whoever sees a signed address must not get its signer's token for it.
 */
import type { Response } from '#http/message.ts'
import { json, notFound, refusal, unauthenticated, unavailable } from '../answers.ts'
import { isSignedRequest, isSignedString } from '../ec2-signature.ts'
import { identify } from '../identified.ts'
import { type Members, membersIn, textOr } from '../model/written.ts'
import { tokenView } from '../token-view.ts'
import type { Visit } from '../visit.ts'

export async function exchangeEc2(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['credentials'] ?? visit.body['ec2Credentials'])
  return await exchange(visit, given, (secret) => isSignedRequest(secret, given))
}

export async function exchangeS3(visit: Visit): Promise<Response> {
  const given = membersIn(visit.body['credentials'])
  const text = textOr(given['token'], '')
  const signature = textOr(given['signature'], '')
  return await exchange(visit, given, (secret) => isSignedString(secret, text, signature))
}

async function exchange(
  visit: Visit,
  { access }: Members,
  isSigned: (secret: string) => boolean,
): Promise<Response> {
  const { parts, context, url } = visit
  if (typeof access !== 'string') return refusal(400, 'credentials with access and signature are needed')
  const found = await parts.credentials.findKeyPair(context, access)
  if (found.kind === 'absent') return notFound('credential', access)
  if (found.kind !== 'found') return unavailable(found)
  const { credential, pair } = found
  if (!isSigned(pair.secret)) return unauthenticated(url)
  const now = await identify(context, parts.people, {
    userId: credential.userId,
    scope: { kind: 'project', projectId: credential.projectId ?? '' },
    nowMs: parts.clock.wallMs(),
  })
  if (now.kind === 'nobody') return unauthenticated(url)
  if (now.kind !== 'identified') return unavailable(now)
  const { identified } = now
  const { token, claims } = parts.tokens.issue({ identified, methods: ['ec2credential'] })
  return json(200, await tokenView({ claims, identified }, visit), { 'x-subject-token': token })
}
