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
