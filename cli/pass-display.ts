/**
 * Shows passes of a worker on several devices while they run: a bar for each device on a terminal, a line now and then
 * elsewhere, JSON lines for programs.
 */
import type { RunLine } from '#node/worker-admin.ts'
import type { Figures, PassProgress, PassReport } from '#worker/contract.ts'
import type { ClusterDevice } from './cluster-access.ts'
import { amount, durationText, sizeText } from './readable.ts'
import { say } from './report.ts'

const BAR_CELLS = 24
/** Elsewhere than on a terminal a device has a line so often, milliseconds. */
const LINE_EVERY_MS = 5_000

export class PassDisplay {
  readonly #worker: string
  readonly #form: 'terminal' | 'lines' | 'json'
  readonly #lines: Map<string, string>
  readonly #shownMs = new Map<string, number>()
  readonly #width: number
  readonly #begunMs = Date.now()
  #drawn = 0

  constructor(worker: string, devices: readonly ClusterDevice[], reader: 'people' | 'json') {
    this.#worker = worker
    this.#form = reader === 'json' ? 'json' : process.stdout.isTTY ? 'terminal' : 'lines'
    this.#lines = new Map(devices.map(({ host, device }) => [`${host}/${device}`, 'waiting']))
    this.#width = Math.max(...devices.map(({ device }) => device.length), 1)
  }

  show({ host, device }: ClusterDevice, line: RunLine): void {
    if (this.#form === 'json') return say(JSON.stringify({ host, ...line }))
    const text = line.kind === 'report' ? reportText(line.report) : progressText(line.progress)
    const key = `${host}/${device}`
    if (this.#form === 'terminal') {
      this.#lines.set(key, text)
      this.#draw()
    } else if (line.kind === 'report' || this.#isDue(key)) {
      say(`${device.padEnd(this.#width)}  ${this.#worker}  ${text}`)
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#drawn = 0
  }

  #isDue(key: string): boolean {
    const nowMs = Date.now()
    if (nowMs - (this.#shownMs.get(key) ?? this.#begunMs) < LINE_EVERY_MS) return false
    this.#shownMs.set(key, nowMs)
    return true
  }

  #draw(): void {
    const up = this.#drawn > 0 ? `\u001b[${this.#drawn}A` : ''
    const columns = process.stdout.columns
    const lines = [...this.#lines].map(([key, text]) => {
      const device = key.slice(key.lastIndexOf('/') + 1).padEnd(this.#width)
      return `\u001b[2K${`${device}  ${text}`.slice(0, columns)}\n`
    })
    process.stdout.write(up + lines.join(''))
    this.#drawn = lines.length
  }
}

/** `[######......] 12,000 of 48,000 objects, 1.2 GB, 3 min left` */
export function progressText(progress: PassProgress | undefined): string {
  if (progress === undefined) return 'about to begin'
  const { done, total, unit, bytes, etaSeconds } = progress
  const parts = [
    total === undefined ? `${amount(done)} ${unit}` : `${amount(done)} of ${amount(total)} ${unit}`,
  ]
  if (bytes > 0) parts.push(sizeText(bytes))
  if (etaSeconds !== undefined) parts.push(`${durationText(etaSeconds)} left`)
  return `${barText(total === undefined || total === 0 ? 0 : done / total)} ${parts.join(', ')}`
}

/** `[######......]` */
export function barText(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR_CELLS)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}]`
}

/** `complete in 1.2 s; found a 3; repaired b 1; waiting c 2` */
export function reportText({ ended, durationMs, bytes, found, repaired, waiting }: PassReport): string {
  const size = bytes === undefined ? '' : `, ${sizeText(bytes)}`
  const parts = [`${ended} in ${durationText(durationMs / 1000)}${size}`]
  for (const [name, figures] of Object.entries({ found, repaired, waiting })) {
    const text = figuresText(figures)
    if (text !== '') parts.push(`${name} ${text}`)
  }
  return parts.join('; ')
}

/** Those that are not 0, by name. */
export function figuresText(figures: Figures): string {
  return Object.entries(figures)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => figureText(name, value))
    .join(', ')
}

function figureText(name: string, value: number): string {
  if (name.endsWith('_seconds')) return `${name.slice(0, -8)} ${durationText(value)}`
  if (name.endsWith('_bytes') || name.startsWith('bytes_')) return `${name} ${sizeText(value)}`
  return `${name} ${amount(value)}`
}
