/** The state of a cluster as HTML: the bad news first, then copies, devices, work and rings. */
import type { CopyFigures } from '#census/census-report.ts'
import { escapedHtml } from '#proxy/web/html.ts'
import { figuresText } from '../pass-display.ts'
import { agoText, amount, durationText, shareText, sizeText } from '../readable.ts'
import { copyText, deviceStateText, headline, resultText, ringText, stateText } from '../status-sentences.ts'
import { type DeviceStatus, quarantinedOn, recordsOn, type WorkerSummary } from '../status-summary.ts'
import type { Board, Sample } from './board.ts'

/** The document, whose script asks for the part that changes again and again. */
export function documentOf(board: Board): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escapedHtml(`Cluster ${board.status.cluster}`)}</title>`,
    '<link rel="icon" href="data:,">',
    '<link rel="stylesheet" href="style.css">',
    '<script src="script.js" defer></script>',
    `<main>${viewOf(board)}</main>`,
    '</html>',
  ].join('\n')
}

/** What is inside `main`. */
export function viewOf({ status, samples }: Board): string {
  const { problems, copies, devices, workers, rings, proxies, nowMs } = status
  const health = problems.length === 0 ? 'good' : 'bad'
  return [
    `<h1 class="${health}">${escapedHtml(headline(status))}</h1>`,
    problems.length === 0
      ? ''
      : `<ul id="problems">${problems.map((text) => element('li', text)).join('')}</ul>`,
    section(
      'Copies',
      copies.length === 0 ? element('p', 'not counted yet') : copiesView(copies, samples, nowMs),
    ),
    section('Devices', `<div class="devices">${devices.map(deviceView).join('')}</div>`),
    section('Work', workView(workers, samples, nowMs)),
    section('Rings', list(rings.map((ring) => `${ring.name}: ${ringText(ring)}`))),
    proxies.length === 0
      ? ''
      : section(
          'Proxies',
          list(proxies.map(({ address, problem }) => `${address}: ${problem ?? 'answers'}`)),
        ),
  ].join('\n')
}

function section(title: string, content: string): string {
  return `<section>${element('h2', title)}${content}</section>`
}

function element(tag: string, text: string): string {
  return `<${tag}>${escapedHtml(text)}</${tag}>`
}

function list(lines: readonly string[]): string {
  return `<ul>${lines.map((line) => element('li', line)).join('')}</ul>`
}

function copiesView(copies: readonly CopyFigures[], samples: readonly Sample[], nowMs: number): string {
  const lacking = copies.reduce((sum, { objects }) => sum + objects, 0)
  return [
    `<p><strong id="lacking" class="${lacking === 0 ? 'good' : 'bad'}">${amount(lacking)}</strong> objects lack copies`,
    curve(samples, ({ lacking: value }) => value, 'objects that lack copies'),
    '</p>',
    list(copies.map((figures) => `policy ${figures.policy}: ${copyText(figures, nowMs)}`)),
  ].join('')
}

function deviceView({ host, device, region, zone, figures, problem }: DeviceStatus): string {
  const state = figures === undefined ? (problem ?? 'no answer') : deviceStateText(figures)
  const lines = [`${host}, region ${region}, zone ${zone}`]
  let bar = ''
  if (figures !== undefined) {
    const { space, containers, accounts } = figures
    if (space !== undefined) {
      const used = space.totalBytes - space.freeBytes
      bar = meter(used / space.totalBytes)
      lines.push(`${sizeText(used)} of ${sizeText(space.totalBytes)}, ${shareText(used, space.totalBytes)}`)
    }
    lines.push(
      `${amount(recordsOn(figures))} records, ${amount(containers.count)} containers, ${amount(accounts.count)} accounts`,
    )
    if (quarantinedOn(figures) > 0) lines.push(`${amount(quarantinedOn(figures))} in quarantine`)
  }
  const kind = state === 'ready' ? 'good' : 'bad'
  const head = `<h3>${escapedHtml(device)} <span class="${kind}">${escapedHtml(state)}</span></h3>`
  return `<article>${head}${bar}${lines.map((line) => element('p', line)).join('')}</article>`
}

function workView(workers: readonly WorkerSummary[], samples: readonly Sample[], nowMs: number): string {
  const queued = samples.at(-1)?.queued ?? 0
  const head = ['worker', 'now', '', 'waits', 'last pass', 'took', 'of it']
  const rows = workers.map((worker) => workerRow(worker, nowMs))
  return [
    `<p><strong>${amount(queued)}</strong> wait in queues`,
    curve(samples, ({ queued: value }) => value, 'what waits in queues'),
    '</p>',
    `<table><tr>${head.map((title) => element('th', title)).join('')}</tr>${rows.join('')}</table>`,
  ].join('')
}

function workerRow(worker: WorkerSummary, nowMs: number): string {
  const { name, progress, live, lastEndedMs, longestMs } = worker
  const cells = [
    escapedHtml(name),
    escapedHtml(stateText(worker)),
    progress === undefined ? '' : meter(progress.share),
    escapedHtml(figuresText(live)),
    lastEndedMs === undefined ? 'not on all devices yet' : agoText(lastEndedMs, nowMs),
    longestMs === undefined ? '' : durationText(longestMs / 1000),
    escapedHtml(resultText(worker)),
  ]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`
}

/** A bar that is full at 1. */
function meter(share: number): string {
  return `<progress max="100" value="${(Math.min(1, Math.max(0, share)) * 100).toFixed(1)}"></progress>`
}

const CURVE_WIDTH = 240
const CURVE_HEIGHT = 32

/** How a figure went: time to the right, from 0 to the greatest upwards. */
function curve(samples: readonly Sample[], figure: (sample: Sample) => number, what: string): string {
  const [first] = samples
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return ''
  const most = Math.max(1, ...samples.map(figure))
  const points = samples.map((sample) => {
    const x = ((sample.atMs - first.atMs) / (last.atMs - first.atMs)) * CURVE_WIDTH
    return `${x.toFixed(1)},${((1 - figure(sample) / most) * CURVE_HEIGHT).toFixed(1)}`
  })
  const span = durationText((last.atMs - first.atMs) / 1000)
  const title = element('title', `${what} in the last ${span}; at most ${amount(most)}`)
  return `<svg viewBox="0 -1 ${CURVE_WIDTH} ${CURVE_HEIGHT + 2}" role="img">${title}<polyline points="${points.join(' ')}"/></svg>`
}
