/**
 * The one list of features: layers around the core store, outermost first. Every door gets the store with all of them, so
 * what one door writes the others read. A layer wraps the operations it changes and hands the others through.
 */
import type { Environment } from '#base/environment.ts'
import type { HybridClock } from '#cluster/hybrid-clock.ts'
import type { Store, StoreLayer } from './contract.ts'
import { symlinks } from './symlinks/symlinks.ts'
import { archives } from './versions/archives.ts'
import { versions } from './versions/versions.ts'

export interface FeatureDeps {
  readonly environment: Pick<Environment, 'clock' | 'random'>
  /** The clock that the core store writes by. */
  readonly timestamps: Pick<HybridClock, 'next' | 'observe'>
}

interface Feature {
  readonly name: string
  /** `undefined` when the options turn it off. */
  readonly make: (deps: FeatureDeps) => StoreLayer | undefined
}

/** Outermost first. The order is that of OpenStack Swift's default pipeline. */
const FEATURES: readonly Feature[] = [
  { name: 'archives', make: archives },
  { name: 'versions', make: versions },
  { name: 'symlinks', make: () => symlinks },
]

/** The store as doors use it. */
export function withFeatures(core: Store, deps: FeatureDeps): Store {
  return FEATURES.reduceRight((inner, { make }) => make(deps)?.(inner) ?? inner, core)
}
