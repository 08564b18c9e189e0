/** What the processes of a cluster are started with: they are to be there soon, and to do with some hundred megabytes. */

/**
 * V8's young generation, MiB. Its default grows to 64 per process under load, and what it holds is nearly all garbage:
 * requests are short. Measured with four processes: 240 MiB less resident memory, processor time the same within noise.
 */
const SEMI_SPACE_MIB = 8
/**
 * How much the old generation may grow between two collections of it, percent. Left to itself V8 lets it grow to several
 * times what is in use, and buffers wait that long too. Measured (PUT of 4 KiB, then listings; processor time per 1,000, and
 * all processes' PSS): at 25 6.8 s, 5.4 s and 608 MiB, at 50 6.2 s, 4.3 s and 700 MiB, at 100 5.4 s, 3.9 s and 811 MiB.
 */
const HEAP_GROWING_PERCENT = 50

export const NODE_FLAGS: readonly string[] = [
  `--import=${new URL('./quick-modules.mjs', import.meta.url)}`,
  `--max-semi-space-size=${SEMI_SPACE_MIB}`,
  `--heap-growing-percent=${HEAP_GROWING_PERCENT}`,
]

/**
 * Threads for file operations of a storage process. Reads, writes, syncs and LevelDB share them; with Node's four, a
 * handful of syncs would hold up every read.
 */
const THREAD_POOL_SIZE = 24
/** With an arena per thread, glibc's allocator keeps what each of the threads once needed. */
const MALLOC_ARENAS = 2

/** Environment variables that only count at the start of a process. */
export const PROCESS_ENVIRONMENT: Readonly<Record<string, string>> = {
  UV_THREADPOOL_SIZE: String(THREAD_POOL_SIZE),
  MALLOC_ARENA_MAX: String(MALLOC_ARENAS),
}
