/**
 * Compiles the program once after `npm ci`, so that the first start is as quick as every other (`node:module`, compile
 * cache). Without it everything works, the first start takes some seconds. An installation never fails for it.
 */
import { enableCompileCache, flushCompileCache } from 'node:module'
import { COMPILE_CACHE } from '#cli/compile-cache.ts'

/** What the command and its processes load. */
const PROGRAMS = [
  '../cli/program.ts',
  '../cli/start.ts',
  '../node/device-service.ts',
  '../node/proxy-service.ts',
]

try {
  enableCompileCache(COMPILE_CACHE)
  for (const program of PROGRAMS) await import(program)
  flushCompileCache()
} catch (error) {
  console.warn(`the first start will be slow: ${String(error)}`)
}
process.exit()
