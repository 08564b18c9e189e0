/**
 * Root secrets out of OpenStack Key Manager (Barbican): a secret of the cluster has an id, which is written beside what is
 * encrypted under it, and a UUID there. Read once, at the start of a process, with a token of Keystone (Key Manager API v1,
 * `GET /v1/secrets/{uuid}/payload`; OpenStack Swift's `kms_keymaster` reads the same). Nothing secret is in an error.
 */
import type { OwnTokenOutcome } from '#auth/keystone/own-token.ts'
import { type BoundedAnswer, type BoundedExchangeOptions, exchangeWithin } from '#http/bounded-exchange.ts'
import { KEY_BYTES } from './cipher.ts'
import type { ActiveSecrets, RootSecretSource } from './key-manager.ts'

/** A key has 32 bytes; more than this is no key. */
const PAYLOAD_BYTES_MAX = 4096
/** A key manager that is being restarted is back soon; the start of a process waits so often… */
const TRIES = 10
/** …and so long in between. */
const PAUSE_MS = 500

export interface BarbicanOptions {
  readonly exchange: Omit<BoundedExchangeOptions, 'answerBytesMax'>
  /** Where our token comes from. */
  readonly token: TokenSource
  /** Id in this cluster (empty for the one without an id) to the UUID of the secret. */
  readonly secrets: ReadonlyMap<string, string>
  readonly active: string
}

export interface TokenSource {
  get(): Promise<OwnTokenOutcome>
  /** It was not accepted. */
  forget(token: string): void
}

export class BarbicanSecrets implements RootSecretSource {
  readonly #options: BarbicanOptions

  constructor(options: BarbicanOptions) {
    this.#options = options
  }

  async fetch(): Promise<ActiveSecrets> {
    const { secrets, active } = this.#options
    const fetched = new Map<string, Buffer>()
    for (const [id, uuid] of secrets) fetched.set(id, await this.#secret(id, uuid))
    return { secrets: fetched, active }
  }

  async #secret(id: string, uuid: string): Promise<Buffer> {
    for (let tries = 1; ; tries += 1) {
      const outcome = await this.#payload(uuid)
      if (outcome.kind === 'payload') return checked(id, outcome.bytes)
      if (outcome.kind === 'refused' || tries === TRIES) {
        throw new Error(`the key manager does not give the ${nameOf(id)}: ${outcome.reason}`)
      }
      await this.#options.exchange.clock.sleep(PAUSE_MS)
    }
  }

  async #payload(uuid: string): Promise<Payload> {
    const { exchange, token } = this.#options
    const own = await token.get()
    if (own.kind === 'unavailable') return { kind: 'unavailable', reason: own.reason }
    const answer = await exchangeWithin(
      { ...exchange, answerBytesMax: PAYLOAD_BYTES_MAX },
      {
        method: 'GET',
        target: `/secrets/${encodeURIComponent(uuid)}/payload`,
        headers: { 'x-auth-token': own.token, accept: 'application/octet-stream' },
      },
    )
    if (answer.kind === 'answer' && answer.head.status === 401) token.forget(own.token)
    return payloadOf(answer)
  }
}

type Payload =
  | { readonly kind: 'payload'; readonly bytes: Buffer }
  /** Trying again will not help. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** What the statuses mean that Barbican answers with (Key Manager API v1, "Retrieve a secret's payload"). */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'its UUID is none',
  403: 'we may not read it',
  404: 'it is not there',
  406: 'it is no bytes (application/octet-stream)',
}

function payloadOf(answer: BoundedAnswer): Payload {
  if (answer.kind === 'unavailable') return answer
  const { status } = answer.head
  if (status === 200) return { kind: 'payload', bytes: answer.body }
  const refusal = REFUSALS[status]
  return refusal === undefined
    ? { kind: 'unavailable', reason: `the answer was ${status}` }
    : { kind: 'refused', reason: refusal }
}

function checked(id: string, bytes: Buffer): Buffer {
  if (bytes.length >= KEY_BYTES) return bytes
  throw new Error(`the key manager's ${nameOf(id)} has fewer than ${KEY_BYTES} bytes`)
}

function nameOf(id: string): string {
  return id === '' ? 'root secret without an id' : `root secret ${JSON.stringify(id)}`
}
