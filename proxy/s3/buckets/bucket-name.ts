/** Names of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */

const RULES: readonly ((name: string) => boolean)[] = [
  (name) => /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name),
  // Each label begins and ends with a letter or a digit, too.
  (name) => !/\.\.|-\.|\.-/.test(name),
  (name) => !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(name),
  (name) => !['xn--', 'sthree-', 'amzn-s3-demo-'].some((prefix) => name.startsWith(prefix)),
  (name) =>
    !['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'].some((suffix) => name.endsWith(suffix)),
]

/** Whether a bucket may be made with this name. */
export function mayBeCreated(name: string): boolean {
  return RULES.every((rule) => rule(name))
}

/**
 * Whether there may be a bucket of this name: besides those that may be made, those of older rules (AWS's until 2018:
 * capitals, underscores, 255 characters), which containers made through Swift often follow.
 */
export function mayExist(name: string): boolean {
  return /^[A-Za-z0-9._-]{3,255}$/.test(name)
}

/** How policies name a bucket, and answers about it. */
export function bucketArn(name: string): string {
  return `arn:aws:s3:::${name}`
}

export const ARN_HEADER = 'x-amz-bucket-arn'
