/** Lets so many pieces of work be under way and no more; whoever brings another one waits. */
export class Lanes {
  readonly #most: number
  readonly #underWay = new Set<Promise<void>>()
  #failure: unknown

  constructor(most: number) {
    this.#most = most
  }

  /** Resolves when the work has begun. Rejects with what earlier work rejected with. */
  async enter(work: () => Promise<void>): Promise<void> {
    while (this.#underWay.size >= this.#most) await Promise.race(this.#underWay)
    if (this.#failure !== undefined) throw this.#failure
    const running = work().catch((error: unknown) => {
      this.#failure ??= error
    })
    this.#underWay.add(running)
    void running.then(() => this.#underWay.delete(running))
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }
}
