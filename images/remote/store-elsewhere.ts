/** What stores of images elsewhere have in common: a name, and how it is told that one failed. */
import type { OperationContext } from '#store/operation.ts'
import { Refusal, unavailable } from '../refusal.ts'

export interface StoreIdentity {
  readonly id: string
  readonly description: string
}

export abstract class StoreElsewhere {
  readonly id: string
  readonly description: string
  readonly access = 'writable'

  /** Told to administrators. */
  readonly properties: Readonly<Record<string, string | number | boolean>>

  constructor({ id, description }: StoreIdentity, properties: StoreElsewhere['properties']) {
    this.id = id
    this.description = description
    this.properties = properties
  }

  /** Tells the log what the other side said to something, and whoever asked no more than that it failed. */
  protected failed(context: OperationContext, said: string, what: string): Refusal {
    context.log.warn({ store: this.id, said }, `${what} failed at an image store`)
    return unavailable(`Store '${this.id}' cannot be reached now.`)
  }

  protected full(): Refusal {
    return new Refusal(413, `Store '${this.id}' is full.`)
  }

  protected tooLong(): Refusal {
    return new Refusal(413, `Store '${this.id}' takes no longer image.`)
  }
}
