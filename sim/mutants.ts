/**
 * Deliberately broken variants of the cluster. Each is a small change of one production file, made in memory while it is
 * loaded, with a seed whose run must find it: so it is shown that the simulation can fail. A text that is not found
 * exactly once means that the code has changed and the variant must follow it.
 */
import type { SimulationOptions } from './simulation.ts'

export interface Edit {
  /** Path from the root of the project. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  /** Seeds of which one at least finds it. */
  readonly seeds: readonly number[]
  /** What brings it to light: other faults, or more of them, than a usual run has. */
  readonly options?: Pick<
    SimulationOptions,
    | 'operations'
    | 'faults'
    | 'onlyFaults'
    | 'absence'
    | 'racePercent'
    | 'chainPercent'
    | 'featurePercent'
    | 'onlyFeatures'
  >
}

/** The first or second of them is enough as a rule. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
/** Little else than what the features of the store do. */
const FEATURES = { operations: 240, faults: 4, absence: 'never', featurePercent: 70 } as const
/** A replica misses writes and can still be read. */
const MISSED_WRITES = { onlyFaults: ['one-way cut', 'disk full', 'disk read-only', 'slow disk'] }
/** A machine dies in the short time in which something is where it must not be yet. */
const POWER_CUTS = { faults: 24, onlyFaults: ['power cut', 'power cut in a write', 'all power'] }
const FINISHED = '    await file.sync()\n    this.#file = undefined\n'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'fsync left out',
    edits: [
      { file: 'object-server/data-writer.ts', find: FINISHED, replace: '    this.#file = undefined\n' },
    ],
    seeds: SEEDS,
  },
  {
    name: 'rename before fsync',
    edits: [
      { file: 'object-server/data-writer.ts', find: FINISHED, replace: '    this.#file = undefined\n' },
      {
        file: 'object-server/object-writes.ts',
        find: '    await syncs.sync(directory)\n    await this.#core.commit(',
        replace:
          '    await syncs.sync(directory)\n    const late = await disk.openRead(`${directory}/${name}`)\n    await late.sync()\n    await late.close()\n    await this.#core.commit(',
      },
    ],
    seeds: [2, ...SEEDS],
    options: POWER_CUTS,
  },
  {
    name: 'a failed sync is tried again',
    edits: [
      {
        file: 'disk/disk-gate.ts',
        find: "'syncs', () => this.#file.sync())",
        replace: "'syncs', () => this.#file.sync().catch(() => this.#file.sync()))",
      },
    ],
    seeds: SEEDS,
    options: { faults: 40, onlyFaults: ['sync error', 'all power'] },
  },
  {
    name: 'index batch not synced',
    edits: [{ file: 'kv/group-commit.ts', find: '{ sync: true } as object', replace: '{} as object' }],
    seeds: [3, ...SEEDS],
  },
  {
    name: 'tombstone reclaimed too early',
    edits: [
      {
        file: 'replicator/objects-policy.ts',
        find: 'const pauseMs = Math.min(LOOK_PAUSE_MAX_MS, (work.reclaimAgeSeconds * 1000) / LOOKS_PER_RECLAIM_AGE)',
        replace: 'const pauseMs = Math.min(LOOK_PAUSE_MAX_MS, 1 + 0 * LOOKS_PER_RECLAIM_AGE)',
      },
      {
        file: 'replicator/objects-reclaim.ts',
        find: '    if (!isPastReclaim(work, tombstone)) continue\n',
        replace: '',
      },
      {
        file: 'replicator/objects-reclaim.ts',
        find: "answer.role !== 'primary') return 'not_now'",
        replace: "answer.role !== 'primary') continue",
      },
      {
        file: 'replicator/objects-reclaim.ts',
        find: 'agreed.filter((one) => isHarmless(one, theirs.get(one.hash)))',
        replace: 'agreed.filter((one) => isHarmless(one, theirs.get(one.hash)) || true)',
      },
    ],
    seeds: SEEDS,
  },
  {
    name: 'merge not commutative',
    edits: [
      {
        file: 'db/object-row.ts',
        find: 'const data = compareData(left, right) >= 0 ? left : right',
        replace: 'const data = compareData(left, right) > 9 ? left : right',
      },
    ],
    seeds: SEEDS,
  },
  {
    name: 'equal timestamps tied arbitrarily',
    edits: [
      {
        file: 'object-server/object-state.ts',
        find: 'if (left.etag !== right.etag) return left.etag > right.etag ? left : right',
        replace: 'if (left.etag !== right.etag) return left',
      },
    ],
    seeds: SEEDS,
  },
  {
    name: 'handoff deleted early',
    edits: [
      {
        file: 'replicator/objects-handoff.ts',
        find: "if (!answers.every((answer) => isHeldBy(answer, entry)) || !isCurrent(work)) return 'stays'",
        replace: "if (!isCurrent(work)) return 'stays'",
      },
    ],
    seeds: [2, ...SEEDS],
  },
  {
    name: 'joining replica allowed to vote',
    edits: [
      {
        file: 'cluster/read-evidence.ts',
        find: "headerOf(response, REPLICA_STATE_HEADER) !== 'joining' &&",
        replace: 'REPLICA_STATE_HEADER.length > 0 &&',
      },
      {
        file: 'backend/replica-state.ts',
        find: "options.newDevice === 'part_of_new_cluster' ? 'synced' : 'joining'",
        replace: "options.newDevice === 'part_of_new_cluster' ? 'synced' : 'synced'",
      },
      {
        file: 'object-server/device.ts',
        find: "if (from === 'files' || options.newDevice === 'may_have_held_data') await states.setAll('joining')",
        replace: "if (from === 'files') await states.setAll('joining')",
      },
    ],
    seeds: [4, ...SEEDS],
    options: { faults: 40, onlyFaults: ['disk lost', 'isolation', 'one-way cut', 'split'] },
  },
  {
    name: 'quorum of one',
    edits: [
      {
        file: 'cluster/quorum.ts',
        find: 'return Math.floor((replicas + 1) / 2)',
        replace: 'return Math.min(1, replicas)',
      },
    ],
    seeds: [8, ...SEEDS],
  },
  {
    name: 'condition judged by one replica',
    edits: [
      {
        file: 'cluster/conditional-write.ts',
        find: 'this.#needed = majoritySize(options.electorate.primaries)',
        replace: 'this.#needed = Math.min(1, majoritySize(options.electorate.primaries))',
      },
      {
        file: 'cluster/conditional-rules.ts',
        find: 'const needed = majoritySize(primaries)\n  const knowing',
        replace: 'const needed = Math.min(1, majoritySize(primaries))\n  const knowing',
      },
      {
        file: 'cluster/conditional-nodes.ts',
        find: 'this.#needed = majoritySize(this.primaries)',
        replace: 'this.#needed = Math.min(1, majoritySize(this.primaries))',
      },
    ],
    seeds: SEEDS,
    options: { faults: 24, onlyFaults: ['isolation', 'one-way cut', 'split', 'kill'], racePercent: 10 },
  },
  {
    name: 'upload completed without its condition',
    edits: [
      {
        file: 'store/multipart/complete-upload.ts',
        find: "      condition,\n      nullVersion: 'replaced',\n",
        replace: "      condition: undefined && condition,\n      nullVersion: 'replaced',\n",
      },
    ],
    seeds: SEEDS,
    options: { operations: 400, faults: 3, absence: 'never', chainPercent: 60 },
  },
  {
    name: 'version overwritten before it is kept',
    edits: [
      {
        file: 'store/versions/archived-put.ts',
        find: '{ ...put, condition })',
        replace: '{ ...put, condition: undefined && condition })',
      },
    ],
    seeds: SEEDS,
    options: FEATURES,
  },
  {
    name: 'manifest deleted before its segments',
    edits: [
      {
        file: 'store/large-objects/static-delete.ts',
        find: '      await this.#deleteAll(name.account, manifest.segments, 1)\n',
        replace:
          '      await this.#store.objects.delete(this.#context, name, {})\n      await this.#deleteAll(name.account, manifest.segments, 1)\n',
      },
    ],
    seeds: SEEDS,
    options: { ...FEATURES, onlyFeatures: ['large'] },
  },
  {
    name: 'quota without reservations',
    edits: [
      {
        file: 'store/desk/peer-desks.ts',
        find: '      if (isSelf(member)) break\n',
        replace: '      if (isSelf(member) || key.length > 0) break\n',
      },
    ],
    seeds: SEEDS,
    options: FEATURES,
  },
  {
    name: 'deleted container takes no late row',
    edits: [
      {
        file: 'db/container-rules.ts',
        find: "    if (state !== undefined) {\n      return {\n        result: { kind: 'merged'",
        replace:
          "    if (state !== undefined && isContainerDeleted(state.info)) return { result: { kind: 'not_found' } }\n    if (state !== undefined) {\n      return {\n        result: { kind: 'merged'",
      },
    ],
    seeds: SEEDS,
    options: FEATURES,
  },
  {
    name: 'a write waits for no reader that missed it',
    edits: [
      { file: 'cluster/read-leases.ts', find: 'if (leftMs > 0) await', replace: 'if (leftMs < 0) await' },
    ],
    seeds: [4, ...SEEDS],
    options: MISSED_WRITES,
  },
  {
    name: 'a lease outlives a write that the reader missed',
    edits: [
      {
        file: 'object-server/leases/lease-holder.ts',
        find: 'for (const range of revoked) granter.granted.delete(range)',
        replace: '',
      },
    ],
    seeds: SEEDS,
    options: MISSED_WRITES,
  },
  {
    name: 'metadata is lost where copies meet',
    edits: [
      {
        file: 'object-server/meta-join.ts',
        find: '  if (meta.timestamp <= winner) return undefined\n',
        replace: '  return undefined\n',
      },
    ],
    seeds: [2, ...SEEDS],
  },
]
