/** Results as tables for people. */
import type { WorkloadResult } from './runner.ts'

const LABELS: Readonly<Record<WorkloadResult['workload'], string>> = {
  put: 'PUT',
  overwrite: 'PUT (overwrite)',
  get: 'GET',
  head: 'HEAD',
  mixed: '80/20 GET/PUT',
  listing: 'listing page',
  delete: 'DELETE',
  'large-put': 'PUT large',
  'large-get': 'GET large',
}

/** `GET 4 KiB, 1,000 objects, c=32`. */
export function describe(result: WorkloadResult): string {
  const objects = `${result.objects.toLocaleString('en')} objects`
  const each = result.workload === 'put' || result.workload === 'delete'
  const size = result.workload === 'listing' ? '' : ` ${sizeOf(result.objectBytes)}`
  return `${LABELS[result.workload]}${size}, ${each ? 'each once' : objects}, c=${result.connections}`
}

const COLUMNS = [
  'workload',
  'ops/s',
  'MB/s',
  'p50 ms',
  'p99 ms',
  'max ms',
  'errors',
  'server CPU s',
  'PSS MiB',
  'RSS MiB',
  'generator CPU s',
]

/** One row a workload. CPU is seconds per 1,000 operations, or per GB where it says so. */
export function resultTable(results: readonly WorkloadResult[]): string {
  return table([COLUMNS, ...results.map(row)])
}

/** What went wrong, one line a kind; empty when nothing did. */
export function errorLines(results: readonly WorkloadResult[]): string {
  return results
    .flatMap((result) =>
      Object.entries(result.errorKinds).map(([kind, count]) => `  ${result.workload}: ${count} × ${kind}`),
    )
    .join('\n')
}

/** A Markdown table with aligned columns, the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  const [first = [], ...others] = rows
  return [line(first), rule, ...others.map(line)].join('\n')
}

/** Three significant digits, thousands apart. */
export function figure(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toPrecision(3)
}

/** The servers' CPU time in the unit that suits the workload. */
export function cpuFigure(result: WorkloadResult): string {
  if (result.serverCpuPerGb !== undefined) return `${figure(result.serverCpuPerGb)} /GB`
  if (result.serverCpuPerThousand === undefined) return '–'
  return `${figure(result.serverCpuPerThousand)} /1000`
}

function row(result: WorkloadResult): string[] {
  return [
    describe(result),
    figure(result.operationsPerSecond),
    result.megabytesPerSecond > 0 ? figure(result.megabytesPerSecond) : '–',
    figure(result.p50Ms),
    figure(result.p99Ms),
    figure(result.maxMs),
    String(result.errors),
    cpuFigure(result),
    figure(result.serverPssMib),
    figure(result.serverRssMib),
    `${figure(result.generatorCpuPerThousand)} /1000`,
  ]
}

function sizeOf(bytes: number): string {
  if (bytes >= 1024 ** 2) return `${bytes / 1024 ** 2} MiB`
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`
}
