/**
 * The storage policies of a cluster: each has an index, a name that clients give, and an object ring of its own. Rules as
 * Swift's (`common/storage_policy.py`). We have the policy type `replication`; another type is refused by its name.
 */

export interface StoragePolicy {
  readonly index: number
  readonly name: string
  readonly aliases: readonly string[]
  /** New containers get no deprecated policy; old ones keep it. */
  readonly deprecated: boolean
  readonly isDefault: boolean
}

/** A policy as configured; what is left out has Swift's default. */
export interface PolicyOptions {
  readonly index: number
  readonly name: string
  readonly aliases?: readonly string[]
  readonly type?: string
  readonly default?: boolean
  readonly deprecated?: boolean
}

export interface InvalidPolicies {
  readonly kind: 'invalid_policies'
  readonly message: string
}

/** Policy 0 of a cluster that configures none (`LEGACY_POLICY_NAME`). */
const LEGACY_POLICY: PolicyOptions = { index: 0, name: 'Policy-0', default: true }
/** Names become parts of headers. */
const NAME = /^[A-Za-z0-9-]+$/

export class StoragePolicies {
  readonly all: readonly StoragePolicy[]
  readonly default: StoragePolicy
  readonly #byIndex: ReadonlyMap<number, StoragePolicy>
  readonly #byName: ReadonlyMap<string, StoragePolicy>

  /** Use `parsePolicies`, which checks. */
  constructor(policies: readonly StoragePolicy[], defaultPolicy: StoragePolicy) {
    this.all = policies
    this.default = defaultPolicy
    this.#byIndex = new Map(policies.map((policy) => [policy.index, policy]))
    this.#byName = new Map(
      policies.flatMap((policy) => namesOf(policy).map((name) => [name.toLowerCase(), policy] as const)),
    )
  }

  byIndex(index: number): StoragePolicy | undefined {
    return this.#byIndex.get(index)
  }

  /** By name or alias, in any case. */
  byName(name: string): StoragePolicy | undefined {
    return this.#byName.get(name.toLowerCase())
  }
}

/** The policy table, or the first thing that is wrong with it. No policies at all means Swift's legacy one. */
export function parsePolicies(configured: readonly PolicyOptions[]): StoragePolicies | InvalidPolicies {
  const options = configured.length === 0 ? [LEGACY_POLICY] : configured
  const wrong = options.map(problemOf).find((problem) => problem !== undefined) ?? problemBetween(options)
  if (wrong !== undefined) return { kind: 'invalid_policies', message: wrong }
  const chosen = options.find((policy) => policy.default === true) ?? options[0]
  const policies = options
    .map((policy) => ({
      index: policy.index,
      name: policy.name,
      aliases: policy.aliases ?? [],
      deprecated: policy.deprecated ?? false,
      isDefault: policy === chosen,
    }))
    .toSorted((left, right) => left.index - right.index)
  const defaultPolicy = policies.find((policy) => policy.isDefault)
  if (defaultPolicy === undefined) return { kind: 'invalid_policies', message: 'no storage policy' }
  return new StoragePolicies(policies, defaultPolicy)
}

/** `object` or `object-1`: how a policy's ring file and directories are called (`get_policy_string`). */
export function policyString(base: string, index: number): string {
  return index === 0 ? base : `${base}-${index}`
}

function problemOf(policy: PolicyOptions): string | undefined {
  const which = `storage policy ${policy.index} (${policy.name})`
  if (!Number.isSafeInteger(policy.index) || policy.index < 0)
    return `${which}: the index must be a whole number`
  const type = policy.type ?? 'replication'
  if (type !== 'replication') return `${which}: policy_type "${type}" is not supported; only "replication" is`
  if (policy.default === true && policy.deprecated === true)
    return `${which}: a deprecated policy cannot be the default`
  for (const name of [policy.name, ...(policy.aliases ?? [])]) {
    if (!NAME.test(name)) return `${which}: "${name}" may have only letters, digits and dashes`
    if (name.toLowerCase() === 'policy-0' && policy.index !== 0) {
      return `${which}: the name Policy-0 is reserved for policy index 0`
    }
  }
  return undefined
}

function problemBetween(policies: readonly PolicyOptions[]): string | undefined {
  const indexes = new Set<number>()
  const names = new Set<string>()
  for (const policy of policies) {
    if (indexes.has(policy.index)) return `storage policy index ${policy.index} is given twice`
    indexes.add(policy.index)
    for (const name of [policy.name, ...(policy.aliases ?? [])]) {
      if (names.has(name.toLowerCase())) return `storage policy name "${name}" is given twice`
      names.add(name.toLowerCase())
    }
  }
  const defaults = policies.filter((policy) => policy.default === true)
  if (defaults.length > 1)
    return `more than one default storage policy: ${defaults.map((one) => one.name).join(', ')}`
  if (defaults.length === 0 && policies.length > 1) return 'no storage policy is the default'
  if (!indexes.has(0)) return 'there must be a storage policy with index 0'
  return undefined
}

function namesOf(policy: StoragePolicy): readonly string[] {
  return [policy.name, ...policy.aliases]
}
