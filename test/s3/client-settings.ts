/** How S3's clients are told where the cluster is and who uses it. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TESTER } from '#test/session.ts'

export const REGION = 'us-east-1'

/** For programs of AWS and all that is built on its libraries: environment variables, no files. */
export function awsEnvironment(
  url: string,
  who: { readonly user: string; readonly key: string } = TESTER,
): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: who.user,
    AWS_SECRET_ACCESS_KEY: who.key,
    AWS_DEFAULT_REGION: REGION,
    AWS_ENDPOINT_URL: url,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
  }
}

/** For rclone: a remote called `martlet`. */
export function rcloneS3Environment(url: string): Record<string, string> {
  return {
    RCLONE_CONFIG: '/dev/null',
    // What its libraries would read of the machine's own settings.
    AWS_CA_BUNDLE: '',
    RCLONE_CONFIG_MARTLET_TYPE: 's3',
    RCLONE_CONFIG_MARTLET_PROVIDER: 'Other',
    RCLONE_CONFIG_MARTLET_ENDPOINT: url,
    RCLONE_CONFIG_MARTLET_ACCESS_KEY_ID: TESTER.user,
    RCLONE_CONFIG_MARTLET_SECRET_ACCESS_KEY: TESTER.key,
  }
}

/** Writes the configuration file of s3cmd, with either kind of signature; returns its arguments. */
export function s3cmdArguments(url: string, directory: string, signatures: 'v2' | 'v4'): readonly string[] {
  const { host } = new URL(url)
  const file = join(directory, `s3cfg-${signatures}`)
  const lines = [
    '[default]',
    `access_key = ${TESTER.user}`,
    `secret_key = ${TESTER.key}`,
    `host_base = ${host}`,
    `host_bucket = ${host}`,
    'use_https = False',
    `signature_v2 = ${signatures === 'v2' ? 'True' : 'False'}`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return ['--config', file]
}

/** Options of the SDK's client, new and old alike. */
export function sdkOptions(url: string): {
  readonly endpoint: string
  readonly region: string
  readonly forcePathStyle: true
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
} {
  return {
    endpoint: url,
    region: REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: TESTER.user, secretAccessKey: TESTER.key },
  }
}
