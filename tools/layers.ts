/**
 * Which layer each room is on. A room imports only from lower layers or from itself
 * (`docs/architecture.md`, "Rooms"); `layers.test.ts` reads every import and names the arrow that is wrong.
 */
export const LAYERS: Readonly<Record<string, number>> = {
  base: 0,

  disk: 1,
  kv: 1,
  http: 1,
  ring: 1,

  db: 2,
  backend: 2,
  cluster: 2,
  auth: 2,
  worker: 2,

  'account-server': 3,
  'container-server': 3,
  'object-server': 3,
  store: 3,

  proxy: 4,
  identity: 4,
  images: 4,
  updater: 4,
  census: 4,
  replicator: 4,
  auditor: 4,
  expirer: 4,
  lifecycle: 4,
  notifier: 4,
  'bucket-replication': 4,
  reaper: 4,
  reconciler: 4,
  'container-sync': 4,

  node: 5,

  cli: 6,
  sim: 6,
  bench: 6,

  test: 7,
  tools: 7,
}
