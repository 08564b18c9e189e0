/**
 * Processor time and memory of process trees, read from `/proc` (proc(5)). Children that ended count too: the kernel
 * adds their time to the parent that waited for them.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of `/proc/PID/stat`; 100 on every Linux that Node runs on (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100
const PAGE_BYTES = 4096

export interface Usage {
  readonly cpuSeconds: number
  /** Resident sets added up; shared pages are counted in every process. */
  readonly rssBytes: number
  /** Proportional set sizes added up: shared pages are divided among those that share them. */
  readonly pssBytes: number
  readonly processes: number
}

interface ProcessStat {
  readonly pid: number
  readonly parent: number
  /** User and system time, its own and that of children it has waited for, ticks. */
  readonly ticks: number
  readonly rssPages: number
}

/** Usage of the processes and of everything that descends from them. Those that are gone count nothing. */
export function usageOf(pids: readonly number[]): Usage {
  const tree = withDescendants(allProcesses(), pids)
  return {
    cpuSeconds: tree.reduce((sum, stat) => sum + stat.ticks, 0) / TICKS_PER_SECOND,
    rssBytes: tree.reduce((sum, stat) => sum + stat.rssPages, 0) * PAGE_BYTES,
    pssBytes: tree.reduce((sum, stat) => sum + pssBytesOf(stat.pid), 0),
    processes: tree.length,
  }
}

/** Resident set of one process, bytes; 0 when it is gone. */
export function rssBytesOf(pid: number): number {
  return (readStat(pid)?.rssPages ?? 0) * PAGE_BYTES
}

/** The processes and their descendants, by pid. */
export function processTree(pids: readonly number[]): readonly number[] {
  return withDescendants(allProcesses(), pids).map((stat) => stat.pid)
}

/** Seconds of processor time of each thread name of the processes, user and system apart. */
export function threadSeconds(pids: readonly number[]): Map<string, { user: number; system: number }> {
  const totals = new Map<string, { user: number; system: number }>()
  for (const pid of pids) {
    for (const thread of namesIn(`/proc/${pid}/task`)) {
      const fields = statFields(`/proc/${pid}/task/${thread}/stat`)
      if (fields === undefined) continue
      const name = thread === String(pid) ? 'main (JavaScript)' : fields.name
      const total = totals.get(name) ?? { user: 0, system: 0 }
      total.user += Number(fields.rest[11]) / TICKS_PER_SECOND
      total.system += Number(fields.rest[12]) / TICKS_PER_SECOND
      totals.set(name, total)
    }
  }
  return totals
}

function withDescendants(all: readonly ProcessStat[], roots: readonly number[]): ProcessStat[] {
  const children = Map.groupBy(all, (stat) => stat.parent)
  const found = new Set<ProcessStat>()
  const visit = (stat: ProcessStat): void => {
    if (found.has(stat)) return
    found.add(stat)
    for (const child of children.get(stat.pid) ?? []) visit(child)
  }
  for (const stat of all) if (roots.includes(stat.pid)) visit(stat)
  return [...found]
}

function allProcesses(): ProcessStat[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined)
}

/** The field numbers in `man 5 proc` start at 1 and count pid and name: `rest[0]` is field 3. */
function readStat(pid: number): ProcessStat | undefined {
  const fields = statFields(`/proc/${pid}/stat`)
  if (fields === undefined) return undefined
  const at = (field: number): number => Number(fields.rest[field - 3])
  return { pid, parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), rssPages: at(24) }
}

function statFields(file: string): { name: string; rest: string[] } | undefined {
  try {
    const text = readFileSync(file, 'latin1')
    const [open, close] = [text.indexOf('('), text.lastIndexOf(')')]
    return { name: text.slice(open + 1, close), rest: text.slice(close + 2).split(' ') }
  } catch {
    return undefined
  }
}

function pssBytesOf(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    return Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
