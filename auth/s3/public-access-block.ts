/** The four switches of Block Public Access (Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage"). */

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

/** Reads the stored JSON; what is missing is off. `undefined` when there is none. */
export function parsePublicAccessBlock(stored: string | undefined): PublicAccessBlock | undefined {
  if (stored === undefined || stored === '') return undefined
  const parsed = parseJson(stored)
  // What cannot be read must not open anything.
  if (parsed === undefined) return ALL_BLOCKED
  const isOn = (name: keyof PublicAccessBlock): boolean => parsed[name] === true
  return {
    blockPublicAcls: isOn('blockPublicAcls'),
    ignorePublicAcls: isOn('ignorePublicAcls'),
    blockPublicPolicy: isOn('blockPublicPolicy'),
    restrictPublicBuckets: isOn('restrictPublicBuckets'),
  }
}

function parseJson(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
