/**
 * Says on stderr now and then how far a long measurement is, so that whoever left it alone sees that it goes on. What is asked
 * for it is little beside what is measured.
 */
const EVERY_MS = 30_000

/** Runs the work; `state` is asked every half minute while it lasts. */
export async function withProgress<Result>(
  what: string,
  state: () => string,
  work: () => Promise<Result>,
): Promise<Result> {
  const startedMs = performance.now()
  const seconds = (): string => ((performance.now() - startedMs) / 1000).toFixed(0)
  console.error(`${what} …`)
  const timer = setInterval(() => console.error(`${what}: ${seconds()} s, ${state()}`), EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    console.error(`${what}: done in ${seconds()} s`)
  }
}
