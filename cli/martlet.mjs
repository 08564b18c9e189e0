#!/usr/bin/env node
/**
 * The `martlet` command. Plain JavaScript, so that nothing is loaded to strip types before the compile cache is on: what was
 * compiled once is kept, and a start takes half the time and 16 MiB less. Where the cache cannot be written, Node does
 * without. The directory is that of `compile-cache.ts`.
 */
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/**
 * A builder is mostly typed arrays: a third compiler, one beside the work, and a young generation that grows are 9 MiB it
 * does without, in the same time. Before the cache is on, which keeps code for the flags it was compiled with.
 */
const RING_FLAGS = ['--no-maglev', '--no-concurrent-recompilation', '--semi-space-growth-factor=1']

if (process.argv[2] === 'ring') for (const flag of RING_FLAGS) setFlagsFromString(flag)
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/martlet', import.meta.url)))
await import('../node/quick-modules.mjs')
const { runProgram } = await import('./program.ts')
await runProgram(process.argv)
