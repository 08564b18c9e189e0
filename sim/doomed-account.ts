/** An account that is deleted while everything else goes on. In the end nothing of what it held is left on any disk. */
import { bufferBody } from '#http/message.ts'
import { bodyOf } from './history.ts'
import { contextOf, type Session } from './session.ts'
import { whoHas } from './stored-data.ts'
import { Violation } from './violation.ts'

const ACCOUNT = 'AUTH_doomed'
/** One for each storage policy. */
const CONTAINERS: readonly string[] = ['g0', 'g1']
const OBJECTS: readonly string[] = ['r0', 'r1', 'r2']
const BODY_BYTES = 150

export class DoomedAccount {
  readonly #session: Session
  #isDeleted = false

  constructor(session: Session) {
    this.#session = session
  }

  /** Fills the account. */
  async prepare(): Promise<void> {
    for (const [policyIndex, container] of CONTAINERS.entries()) {
      await this.#session.insist(`make ${container}`, ['created', 'updated'], ({ store }) =>
        store.containers.put(
          contextOf('doomed'),
          { account: ACCOUNT, container },
          { changes: {}, policyIndex },
        ),
      )
      for (const object of OBJECTS) {
        await this.#session.insist(`store ${object}`, ['created'], ({ store }) =>
          store.objects.put(
            contextOf('doomed'),
            { account: ACCOUNT, container, object },
            {
              body: bufferBody(bodyOf(0, BODY_BYTES)),
              contentType: 'text/plain',
              metadata: {},
              expectedEtag: undefined,
              limitBytes: BODY_BYTES,
            },
          ),
        )
      }
    }
  }

  /** Deletes the account, however often it takes. */
  async doom(): Promise<void> {
    const { cluster } = this.#session
    // Whose answer was lost is told the next time that it is done.
    const isDone = ['deleted', 'account_deleted', 'no_such_account'] as const
    await this.#session.insist('delete the account', isDone, ({ store }) =>
      store.accounts.delete(contextOf('doomed'), { account: ACCOUNT }),
    )
    this.#isDeleted = true
    cluster.events.add(`${ACCOUNT} was deleted`)
  }

  /** What the disks still hold of the account, by path and host. */
  left(): readonly string[] {
    if (!this.#isDeleted) return []
    const names = CONTAINERS.flatMap((container) =>
      OBJECTS.map((object) => ({ account: ACCOUNT, container, object })),
    )
    return whoHas(this.#session.cluster, names)
  }

  /** Everything is healed and reaped. */
  check(): void {
    const left = this.left()
    if (left.length > 0) throw new Violation('not_reaped', left.join(', '), [ACCOUNT, 'reaper'])
  }
}
