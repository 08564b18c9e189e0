/**
 * Compiles the program once after `npm ci`, so that the first start is as quick as every other (`node:module`, compile
 * cache). Without it everything works, the first start takes some seconds. An installation never fails for it.
 *
 * What V8 keeps is good only for processes with the same flags, so that the processes of a cluster have their own.
 */
import { spawnSync } from 'node:child_process'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { COMPILE_CACHE } from '#cli/compile-cache.ts'
import { loadLateModules } from '#node/late-modules.ts'
import { NODE_FLAGS } from '#node/process-flags.ts'

/** What the command loads, and the processes that it starts. */
const PROGRAMS = {
  command: ['../cli/program.ts', '../cli/start.ts'],
  processes: ['../node/device-service.ts', '../node/proxy-service.ts'],
}

/** Making rings has flags of its own, which the command sets. */
const COMMAND = fileURLToPath(new URL('../cli/martlet.mjs', import.meta.url))

const TIME_LIMIT_MS = 120_000

async function warm(programs: readonly string[]): Promise<void> {
  enableCompileCache(COMPILE_CACHE)
  for (const program of programs) await import(program)
}

try {
  const isProcess = process.argv[2] === 'processes'
  await warm(isProcess ? PROGRAMS.processes : PROGRAMS.command)
  if (isProcess) await loadLateModules()
  else {
    const again = [...NODE_FLAGS, fileURLToPath(import.meta.url), 'processes']
    spawnSync(process.execPath, again, { stdio: 'inherit', timeout: TIME_LIMIT_MS })
  }
  flushCompileCache()
  if (!isProcess) spawnSync(process.execPath, [COMMAND, 'ring', '--help'], { timeout: TIME_LIMIT_MS })
} catch (error) {
  console.warn(`the first start will be slow: ${String(error)}`)
}
process.exit()
