/** A LevelDB of ours: which one it is, and how much of what it holds. Opening takes its lock for the moment. */
import { readdir } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { formatAcceptance } from '#base/ballot.ts'
import type { KvEngine } from '#base/environment.ts'
import { DEVICE_TAGS, HASH_BYTES, quarantinedRowIn } from '#db/keys.ts'
import { decodePromise } from '#object-server/promise-store.ts'
import type { Inspection } from './inspect.ts'

/** Has the directory the files of a LevelDB? */
export async function isLevel(path: string): Promise<boolean> {
  const names = await readdir(path)
  return names.includes('CURRENT') && names.some((name) => name.startsWith('MANIFEST-'))
}

/** Has a file the name of one of LevelDB's own? */
export function isLevelFile(name: string): boolean {
  return /^(?:CURRENT|LOCK|LOG(?:\.old)?|MANIFEST-\d{6,}|\d{6,}\.(?:ldb|sst|log|dbtmp))$/.test(name)
}

/** It says nothing by itself. */
export function inspectLevelFile(path: string): Inspection {
  return { what: 'file of a LevelDB; inspect its directory', facts: { store: dirname(path) }, problems: [] }
}

/** What keys mean, by what they begin with. */
type Meaning = (key: Buffer) => string

const OBJECT_TABLES: Readonly<Record<string, string>> = {
  o: 'objects and tombstones',
  d: 'digests of ranges',
  l: 'leaves to be looked at after an unclean stop',
  r: 'objects to be read again after an unclean stop',
  u: 'container rows to be delivered',
  p: 'promises of conditional writes',
  m: 'marks',
}

const DEVICE_TABLES: Readonly<Record<number, string>> = {
  1: 'databases with unreported figures',
  2: 'replica states',
  3: 'account updates to be delivered',
  4: 'ledger of syncs',
  5: 'identity of the store',
  6: 'containers with rows of another storage policy',
  7: 'removed databases',
  8: 'numbers of removed databases',
  9: 'rows taken out of service',
}

const DATABASE_TABLES: Readonly<Record<number, string>> = {
  1: 'databases',
  2: 'metadata of databases',
  16: 'live rows',
  17: 'deleted rows',
  32: 'entries of change logs',
  48: 'sync points of peers',
}

/** What is shown one by one, because it waits for somebody to look at it: under which heading, and what it says. */
type Detail = (key: Buffer, value: Buffer) => readonly [heading: string, text: string] | undefined

interface Kind {
  readonly name: RegExp
  readonly what: string
  readonly meaning: Meaning
  readonly detail?: Detail
}

/** In service by their names, in quarantine by what is added to them (`docs/on-disk.md`, section 8). */
const KINDS: readonly Kind[] = [
  {
    name: /^(index(-\d+)?|objects(-\d+)?-index-\d+)$/,
    what: 'object index',
    meaning: (key) => OBJECT_TABLES[key.toString('latin1', 0, 1)] ?? other(key),
    detail: promiseDetail,
  },
  {
    name: /^(containers|accounts|[0-9a-f]{32}-\d+|\d{10}\.\d{5})$/,
    what: 'index of accounts or containers',
    meaning: databaseMeaning,
    detail: quarantinedDetail,
  },
  {
    name: /^state(-\d+)?$/,
    what: 'state of a device',
    meaning: (key) => key.toString('latin1').split('/')[0] ?? '',
  },
  { name: /^lock$/, what: 'lock of a data directory', meaning: other },
]

/** Keys looked at; a store with more has its figures marked. */
const KEYS_MAX = 5_000_000
/** Lines below one heading. */
const DETAILS_MAX = 100

/** Counts keys and bytes by table. */
export async function inspectLevel(kv: KvEngine, path: string): Promise<Inspection> {
  const kind = KINDS.find(({ name }) => name.test(basename(path)))
  const what = kind?.what ?? 'LevelDB'
  try {
    const store = await kv.open(path)
    try {
      const tables = new Map<string, { keys: number; bytes: number }>()
      const details = new Map<string, string[]>()
      let looked = 0
      for await (const [key, value] of store.iterator()) {
        const name = (kind?.meaning ?? other)(key as Buffer)
        const sum = tables.get(name) ?? { keys: 0, bytes: 0 }
        tables.set(name, { keys: sum.keys + 1, bytes: sum.bytes + (key as Buffer).length + value.length })
        addDetail(details, kind?.detail?.(key as Buffer, value))
        looked += 1
        if (looked >= KEYS_MAX) break
      }
      const facts = [...tables].map(([name, { keys, bytes }]) => [name, `${keys} keys, ${bytes} bytes`])
      return {
        what,
        facts: {
          ...Object.fromEntries(facts),
          ...Object.fromEntries(details),
          ...(looked < KEYS_MAX ? {} : { 'and more': `only ${KEYS_MAX} keys were looked at` }),
        },
        problems: [],
      }
    } finally {
      await store.close()
    }
  } catch (error) {
    return { what, facts: {}, problems: [problemOf(error)] }
  }
}

function addDetail(details: Map<string, string[]>, detail: ReturnType<Detail>): void {
  if (detail === undefined) return
  const [heading, text] = detail
  const lines = details.get(heading) ?? []
  details.set(heading, lines)
  if (lines.length < DETAILS_MAX) lines.push(text)
  else if (lines.length === DETAILS_MAX) lines.push('and more')
}

/** Every name whose agreement is not over, or was a short while ago. */
function promiseDetail(key: Buffer, value: Buffer): ReturnType<Detail> {
  if (key.toString('latin1', 0, 1) !== 'p') return undefined
  const { promised, accepted, committed } = decodePromise(value)
  const parts = [
    key.toString('hex', 1),
    `promised ${promised}`,
    ...(accepted === undefined ? [] : [`waits: ${formatAcceptance(accepted)}`]),
    ...(committed === undefined ? [] : [`visible: ${formatAcceptance(committed)}`]),
  ]
  return ['names under agreement', parts.join(', ')]
}

function quarantinedDetail(key: Buffer): ReturnType<Detail> {
  if (key[0] !== 0 || key[1] !== DEVICE_TAGS.quarantinedRows) return undefined
  const { hash, name } = quarantinedRowIn(key)
  return ['rows out of service, by the hash of their database', `${hash} ${name}`]
}

function databaseMeaning(key: Buffer): string {
  if (key[0] === 0) return DEVICE_TABLES[key[1] ?? 0] ?? other(key)
  return DATABASE_TABLES[key[1 + HASH_BYTES] ?? 0] ?? other(key)
}

function other(key: Buffer): string {
  return `keys that begin with ${key.toString('hex', 0, 1)}`
}

function problemOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  if (code === 'LEVEL_LOCKED')
    return 'a process has it open; ask that one (`martlet status`), or stop it first'
  return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
}
