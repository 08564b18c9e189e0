/** The command-line options that every tool of this folder shares, and how they become `LoadOptions`. */
import type { ParseArgsOptionsConfig } from 'node:util'
import { DIALECTS, type DialectName } from './dialects.ts'
import { WORKLOADS, type WorkloadName } from './operations.ts'
import { DEFAULT_LOAD, type LoadOptions } from './runner.ts'

export const LOAD_FLAGS = {
  workloads: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  connections: { type: 'string' },
  'large-connections': { type: 'string' },
  'listing-connections': { type: 'string' },
  objects: { type: 'string' },
  'object-bytes': { type: 'string' },
  'large-objects': { type: 'string' },
  'large-mib': { type: 'string' },
  'listing-objects': { type: 'string' },
  page: { type: 'string' },
  workers: { type: 'string' },
  container: { type: 'string' },
  dialect: { type: 'string' },
  seed: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig

export const LOAD_HELP = `  --workloads LIST            of ${WORKLOADS.join(', ')}
                              (all but overwrite)
  --seconds N                 measured time of each workload (${DEFAULT_LOAD.seconds})
  --warmup N                  seconds before that (${DEFAULT_LOAD.warmupSeconds})
  --connections N             of the small-object workloads (${DEFAULT_LOAD.connections})
  --objects N                 that get, head and mixed choose from (${DEFAULT_LOAD.objects})
  --object-bytes N            (${DEFAULT_LOAD.objectBytes})
  --large-connections N (${DEFAULT_LOAD.largeConnections})   --large-mib N (64)   --large-objects N (${DEFAULT_LOAD.largeObjects})
  --listing-connections N (${DEFAULT_LOAD.listingConnections})   --listing-objects N (${DEFAULT_LOAD.listingObjects})   --page N (${DEFAULT_LOAD.pageEntries})
  --workers N                 processes that generate load (${DEFAULT_LOAD.workers})
  --container NAME            first part of the containers' names (${DEFAULT_LOAD.containerPrefix})
  --dialect NAME              of ${DIALECTS.join(', ')} (${DEFAULT_LOAD.dialect})
  --seed N                    of the order of the objects (${DEFAULT_LOAD.seed})`

type Values = Readonly<Record<string, string | boolean | undefined>>

/** Throws one sentence that names the option that is wrong. */
export function loadOptionsFrom(values: Values, pids: readonly number[]): LoadOptions {
  const number = (name: keyof typeof LOAD_FLAGS, fallback: number): number => {
    const written = values[name]
    if (written === undefined) return fallback
    const value = Number(written)
    if (!Number.isFinite(value) || value < 0)
      throw new Error(`--${name} needs a number, not ${String(written)}`)
    return value
  }
  return {
    workloads: workloadsFrom(values['workloads']),
    seconds: number('seconds', DEFAULT_LOAD.seconds),
    warmupSeconds: number('warmup', DEFAULT_LOAD.warmupSeconds),
    connections: number('connections', DEFAULT_LOAD.connections),
    largeConnections: number('large-connections', DEFAULT_LOAD.largeConnections),
    listingConnections: number('listing-connections', DEFAULT_LOAD.listingConnections),
    objects: number('objects', DEFAULT_LOAD.objects),
    objectBytes: number('object-bytes', DEFAULT_LOAD.objectBytes),
    largeObjects: number('large-objects', DEFAULT_LOAD.largeObjects),
    largeBytes: number('large-mib', DEFAULT_LOAD.largeBytes / 1024 ** 2) * 1024 ** 2,
    listingObjects: number('listing-objects', DEFAULT_LOAD.listingObjects),
    pageEntries: number('page', DEFAULT_LOAD.pageEntries),
    workers: number('workers', DEFAULT_LOAD.workers),
    pids,
    containerPrefix: String(values['container'] ?? DEFAULT_LOAD.containerPrefix),
    dialect: dialectFrom(values['dialect']),
    seed: number('seed', DEFAULT_LOAD.seed),
  }
}

function dialectFrom(written: string | boolean | undefined): DialectName {
  if (written === undefined) return DEFAULT_LOAD.dialect
  const known = DIALECTS.find((dialect) => dialect === written)
  if (known === undefined) throw new Error(`unknown dialect ${written}; there are ${DIALECTS.join(', ')}`)
  return known
}

function workloadsFrom(written: string | boolean | undefined): readonly WorkloadName[] {
  if (typeof written !== 'string') return DEFAULT_LOAD.workloads
  return written.split(',').map((name) => {
    const known = WORKLOADS.find((workload) => workload === name)
    if (known === undefined) throw new Error(`unknown workload ${name}; there are ${WORKLOADS.join(', ')}`)
    return known
  })
}
