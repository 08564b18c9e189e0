/**
 * The four switches of Block Public Access (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage"), of a
 * bucket and of a whole account: what either of them blocks is blocked.
 */

export interface PublicAccessBlock {
  /** Public access lists are refused when they are set. */
  readonly blockPublicAcls: boolean
  /** Those that are there grant nothing. */
  readonly ignorePublicAcls: boolean
  /** Public policies are refused when they are set. */
  readonly blockPublicPolicy: boolean
  /** A public policy lets in only those of the bucket's own account. */
  readonly restrictPublicBuckets: boolean
}

export const NOTHING_BLOCKED: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
}

export const ALL_BLOCKED: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
}

/** Where the switches of an account are kept: only those who own it see system metadata, and only the cluster writes it. */
export const ACCOUNT_BLOCK_SYSMETA = 'x-account-sysmeta-s3-public-access-block'

const SWITCHES = Object.keys(ALL_BLOCKED) as readonly (keyof PublicAccessBlock)[]

/** All that any of them blocks. */
export function blockedByEither(one: PublicAccessBlock, other: PublicAccessBlock): PublicAccessBlock {
  return {
    blockPublicAcls: one.blockPublicAcls || other.blockPublicAcls,
    ignorePublicAcls: one.ignorePublicAcls || other.ignorePublicAcls,
    blockPublicPolicy: one.blockPublicPolicy || other.blockPublicPolicy,
    restrictPublicBuckets: one.restrictPublicBuckets || other.restrictPublicBuckets,
  }
}

/** As it is kept with an account: the names of the switches that are on; never empty, which is what was never set. */
export function storedBlock(block: PublicAccessBlock): string {
  return ['1', ...SWITCHES.filter((name) => block[name])].join(',')
}

/** `undefined`: none was ever set, or it was deleted. What cannot be read blocks everything. */
export function parseStoredBlock(stored: string | undefined): PublicAccessBlock | undefined {
  if (stored === undefined || stored === '') return undefined
  const [version, ...on] = stored.split(',')
  if (version !== '1' || on.some((name) => !(SWITCHES as readonly string[]).includes(name)))
    return ALL_BLOCKED
  const isOn = (name: keyof PublicAccessBlock): boolean => on.includes(name)
  return {
    blockPublicAcls: isOn('blockPublicAcls'),
    ignorePublicAcls: isOn('ignorePublicAcls'),
    blockPublicPolicy: isOn('blockPublicPolicy'),
    restrictPublicBuckets: isOn('restrictPublicBuckets'),
  }
}
