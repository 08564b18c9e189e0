/** Where the registry is: known without it. */
export const IMAGE_PREFIX = '/image'

/** Whether a path (percent-encoded) is the registry's. */
export function isImagePath(path: string): boolean {
  return path === IMAGE_PREFIX || path.startsWith(`${IMAGE_PREFIX}/`)
}
