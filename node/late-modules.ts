/** What few requests need, and a start does not wait for: loaded soon after it, so that those do not wait either. */
export async function loadLateModules(): Promise<void> {
  await import('#proxy/s3/door.ts')
  await import('#identity/service.ts')
  await import('#images/door.ts')
}
