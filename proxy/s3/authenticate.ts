/**
 * Who sends a request to the S3 door, and how its body came: the signature is verified (`auth/s3/`), and what is wrong is
 * told in the terms of the door.
 */

import type { KeyRing } from '#auth/key-ring.ts'
import { type AccessKeys, firstOf } from '#auth/s3/access-keys.ts'
import { isRefused, type Refusal } from '#auth/s3/refusal.ts'
import { RequestVerifier, type Sender } from '#auth/s3/request-verifier.ts'
import { Sessions } from '#auth/s3/session-credentials.ts'
import { publicAddress, type SignedRequest } from '#auth/s3/signed-request.ts'
import { SigningKeys } from '#auth/s3/signing-keys.ts'
import type { Environment } from '#base/environment.ts'
import { sentBody } from './body/sent-body.ts'
import { isS3Error, type S3Error, s3Error } from './error.ts'
import type { Authenticate, AuthenticateForm, Caller } from './operation.ts'
import type { S3Options } from './options.ts'
import type { S3Request } from './request.ts'

export interface S3AuthenticationOptions {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  /** Temporary credentials are sealed under them. */
  readonly keys: KeyRing
  /** Asked one after the other. */
  readonly accessKeys: readonly AccessKeys[]
  readonly options: Pick<S3Options, 'region' | 'publicEndpoints'>
}

/** What verifies signatures and issues temporary credentials. */
export interface S3Authentication {
  readonly verifier: RequestVerifier
  readonly sessions: Sessions
}

/** Throws an `Error` when a public endpoint is no URL. */
export function s3Authentication({
  environment: { clock, random },
  keys,
  accessKeys: directories,
  options,
}: S3AuthenticationOptions): S3Authentication {
  const accessKeys = firstOf(directories)
  const sessions = new Sessions({ clock, random, keys, accessKeys })
  const verifier = new RequestVerifier({
    clock,
    accessKeys,
    signingKeys: new SigningKeys(clock),
    sessions,
    region: options.region,
    addresses: options.publicEndpoints.map(publicAddress),
  })
  return { verifier, sessions }
}

/** What the door asks before each operation. */
export function authenticateWith({ verifier }: S3Authentication): Authenticate {
  return async (request) => {
    const sender = await verifier.verify(signedRequest(request))
    if (isRefused(sender)) return errorOf(sender)
    const sent = sentBody(request, sender)
    return isS3Error(sent) ? sent : { kind: 'authenticated', caller: callerOf(sender), sent }
  }
}

/** What the door asks of an upload form. */
export function authenticateFormWith({ verifier }: S3Authentication): AuthenticateForm {
  return async (fields) => {
    const sender = await verifier.verifyForm(fields)
    return isRefused(sender) ? errorOf(sender) : callerOf(sender)
  }
}

/** The request as it was signed: not a byte of it was put right. */
function signedRequest({ http, style, bucket }: S3Request): SignedRequest {
  const { method, path, query, headers } = http
  return { method, path, query, headers, bucketInHost: style === 'host' ? bucket : undefined }
}

export function callerOf(sender: Sender): Caller {
  if (sender.kind === 'anonymous') return sender
  const { holder, accessKey, session } = sender
  return { kind: 'user', ...holder, accessKey, ...(session === undefined ? {} : { session }) }
}

/** A refusal as the door tells it. */
export function errorOf({ code, message, extra }: Refusal): S3Error {
  return s3Error(code, { message, extra })
}
