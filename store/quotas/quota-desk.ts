/** Quotas at a desk (`store/desk/`): the questions of an upload as messages, and the ledger that answers them. */
import type { Desk, Desks, Message } from '../desk/peer-desks.ts'
import type { Claim, Grant, QuotaLedger } from './quota-ledger.ts'
import type { QuotaLimits, QuotaScope, ScopedLimits } from './quota-limits.ts'

/** What an upload asks of the desk of its account. */
export class QuotaDesk {
  readonly #desks: Desks

  constructor(desks: Desks) {
    this.#desks = desks
  }

  /** `undefined` when no desk can answer. */
  async claim(claim: Claim): Promise<Grant | undefined> {
    return grantIn(await this.#ask(claim.account, { kind: 'quota.claim', ...claim }))
  }

  /** `undefined` when the desk does not know the reservation: it is another one now. */
  async grow(account: string, id: string, leastBytes: number, mostBytes: number): Promise<Grant | undefined> {
    return grantIn(await this.#ask(account, { kind: 'quota.grow', id, leastBytes, mostBytes }))
  }

  async keep(account: string, id: string): Promise<void> {
    await this.#ask(account, { kind: 'quota.keep', id })
  }

  /** `storedBytes` is `undefined` when nothing was stored. */
  async settle(account: string, id: string, storedBytes: number | undefined): Promise<void> {
    await this.#ask(account, { kind: 'quota.settle', id, storedBytes: storedBytes ?? null })
  }

  #ask(account: string, question: Message): Promise<Message | undefined> {
    return this.#desks.ask(`quota/${account}`, question)
  }
}

/** Answers for a ledger. */
export function quotaAnswers(ledger: QuotaLedger): Desk {
  return async (question) => {
    const id = textIn(question, 'id') ?? ''
    switch (question.kind) {
      case 'quota.claim': {
        const claim = claimIn(question)
        return claim && (await ledger.claim(claim))
      }
      case 'quota.grow': {
        const [least, most] = [numberIn(question, 'leastBytes'), numberIn(question, 'mostBytes')]
        if (least === undefined || most === undefined) return undefined
        return (await ledger.grow(id, least, most)) ?? { kind: 'unknown' }
      }
      case 'quota.keep':
        ledger.keep(id)
        return { kind: 'done' }
      case 'quota.settle':
        ledger.settle(id, numberIn(question, 'storedBytes'))
        return { kind: 'done' }
      default:
        return undefined
    }
  }
}

function grantIn(answer: Message | undefined): Grant | undefined {
  if (answer?.kind === 'refused') return { kind: 'refused', scope: scopeIn(answer['scope']) ?? 'account' }
  const [id, bytes] = answer === undefined ? [] : [textIn(answer, 'id'), numberIn(answer, 'bytes')]
  if (answer?.kind !== 'granted' || id === undefined || bytes === undefined) return undefined
  return { kind: 'granted', id, bytes }
}

function claimIn(message: Message): Claim | undefined {
  const [account, container] = [textIn(message, 'account'), textIn(message, 'container')]
  const policyIndex = numberIn(message, 'policyIndex')
  const [leastBytes, mostBytes] = [numberIn(message, 'leastBytes'), numberIn(message, 'mostBytes')]
  if (account === undefined || container === undefined || policyIndex === undefined) return undefined
  if (leastBytes === undefined || mostBytes === undefined) return undefined
  return { account, container, policyIndex, limits: limitsIn(message['limits']), leastBytes, mostBytes }
}

function limitsIn(value: unknown): ScopedLimits {
  const limits: Partial<Record<QuotaScope, QuotaLimits>> = {}
  for (const [name, written] of Object.entries(value ?? {})) {
    const scope = scopeIn(name)
    if (scope === undefined) continue
    const { bytes, count } = (written ?? {}) as { readonly bytes?: unknown; readonly count?: unknown }
    limits[scope] = { bytes: amount(bytes), count: amount(count) }
  }
  return limits
}

function scopeIn(value: unknown): QuotaScope | undefined {
  return value === 'container' || value === 'account' || value === 'policy' ? value : undefined
}

function textIn(message: Message, member: string): string | undefined {
  const value = message[member]
  return typeof value === 'string' ? value : undefined
}

function numberIn(message: Message, member: string): number | undefined {
  return amount(message[member])
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
