/** How the clients are told where the cluster is and who uses it: environment variables, no files. */
import { TESTER } from '#test/session.ts'

/** For the `swift` command. */
export function swiftEnvironment(
  url: string,
  who: { readonly user: string; readonly key: string } = TESTER,
): Record<string, string> {
  return { ST_AUTH: `${url}/auth/v1.0`, ST_USER: who.user, ST_KEY: who.key }
}

/** For rclone: a remote called `martlet`. */
export function rcloneEnvironment(url: string): Record<string, string> {
  return {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_MARTLET_TYPE: 'swift',
    RCLONE_CONFIG_MARTLET_AUTH: `${url}/auth/v1.0`,
    RCLONE_CONFIG_MARTLET_USER: TESTER.user,
    RCLONE_CONFIG_MARTLET_KEY: TESTER.key,
  }
}
