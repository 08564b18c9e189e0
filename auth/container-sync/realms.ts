/**
 * Clusters that trust each other with container sync, in the form of OpenStack Swift's `container-sync-realms.conf`: a
 * section for every realm with a key that its operators share, and the address of every cluster in it. Names of realms and
 * clusters do not tell cases apart.
 */
import { parseIni } from '#base/ini.ts'

export interface Realm {
  /** Upper case. */
  readonly name: string
  /** Signs requests. */
  readonly key: string
  /** Accepted besides, while a key is being changed. */
  readonly otherKey: string | undefined
  /** Addresses by the names of clusters, upper case: `https://host/v1/`. */
  readonly clusters: ReadonlyMap<string, string>
}

/** By name, upper case. */
export type Realms = ReadonlyMap<string, Realm>

export const NO_REALMS: Realms = new Map()

const CLUSTER = 'cluster_'

/** Reads the text of the file. Throws an `Error` that names the line or realm and shows no key. */
export function parseRealms(text: string): Realms {
  const parsed = parseIni(text)
  if (parsed.kind === 'malformed') throw new Error(`line ${parsed.line} is not written name = value`)
  const realms = new Map<string, Realm>()
  for (const [section, values] of parsed.sections) {
    const name = section.toUpperCase()
    const options = new Map([...values].map(([option, value]) => [option.toLowerCase(), value]))
    const key = options.get('key')
    // A realm without a key is known by name only: nothing of it is trusted.
    if (key === undefined || key === '') continue
    const clusters = [...options].filter(([option]) => option.startsWith(CLUSTER))
    realms.set(name, {
      name,
      key,
      otherKey: options.get('key2') || undefined,
      clusters: new Map(clusters.map(([option, url]) => [option.slice(CLUSTER.length).toUpperCase(), url])),
    })
  }
  return realms
}
