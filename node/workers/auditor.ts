/** The auditors of the objects of a device: the quick one, and the one that reads every byte. */
import { type DataChecker, inlineChecker } from '#auditor/data-checker.ts'
import { createObjectAuditor } from '#auditor/object-auditor.ts'
import { ThreadChecker } from '#auditor/thread-checker.ts'
import { realDisk } from '#disk/real-disk.ts'
import type { MakeWorker, WorkerContext } from '../worker-context.ts'

export const auditorWorker: MakeWorker = (context) => {
  const { filesPerSecond, bytesPerSecond, everyMs } = context.settings.auditor
  return createObjectAuditor({
    ...common(context),
    depth: 'full',
    checker: checkerOf(context),
    filesPerSecond,
    bytesPerSecond,
    everyMs,
  })
}

export const quickAuditorWorker: MakeWorker = (context) => {
  const { quickFilesPerSecond, bytesPerSecond, quickEveryMs } = context.settings.auditor
  return createObjectAuditor({
    ...common(context),
    depth: 'quick',
    checker: checkerOf(context),
    filesPerSecond: quickFilesPerSecond,
    bytesPerSecond,
    everyMs: quickEveryMs,
  })
}

const CHECKERS = new WeakMap<WorkerContext, DataChecker>()

/** Threads read the real disk alone; every other one is read in this process. */
function checkerOf(context: WorkerContext): DataChecker {
  let checker = CHECKERS.get(context)
  if (checker === undefined) {
    const { disk } = context.environment
    checker = disk === realDisk ? new ThreadChecker() : inlineChecker(disk)
    CHECKERS.set(context, checker)
  }
  return checker
}

function common({ environment, log, device, policies, foreground }: WorkerContext) {
  const { device: objects } = device.objects
  return {
    clock: environment.clock,
    log,
    foreground,
    policies: policies.all.flatMap(({ index }) => {
      const access = objects.audit(index)
      return access === undefined ? [] : [{ policyIndex: index, access }]
    }),
    repairs: device.repairs,
    notes: objects.notes,
  }
}
