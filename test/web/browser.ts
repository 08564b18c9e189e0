/**
 * Debian's Chromium without a window, driven over the pipe of the DevTools protocol. It is started for a test, writes into a
 * folder of its own, and ends with the test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Test } from 'tap'
import { temporaryDirectory } from '#test/running-cluster.ts'

export const CHROMIUM = 'chromium'

/** A loaded machine takes its time for a first page. */
const ANSWER_WITHIN_MS = 60_000
const END_OF_MESSAGE = 0

type Message = Readonly<Record<string, unknown>>

export interface BrowserOptions {
  /** Names of hosts that the browser finds on this machine. */
  readonly hosts?: readonly string[]
}

/** Starts the browser; it is stopped when the test ends. */
export function startBrowser(t: Test, { hosts = [] }: BrowserOptions = {}): Browser {
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(', ')
  const child = spawn(
    CHROMIUM,
    [
      '--headless=new',
      // Tests run as root, in containers that know no namespaces.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-extensions',
      '--disable-sync',
      '--no-first-run',
      '--no-default-browser-check',
      '--remote-debugging-pipe',
      `--user-data-dir=${temporaryDirectory(t)}`,
      ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`]),
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const browser = new Browser(child)
  t.teardown(() => browser.stop())
  return browser
}

interface Waiting {
  readonly resolve: (result: Message) => void
  readonly reject: (error: Error) => void
}

export class Browser {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #commands: Writable
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(message: Message) => void>()
  #count = 0
  #rest = Buffer.alloc(0)

  constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()))
    this.#commands = child.stdio[3] as Writable
    this.#commands.on('error', () => {})
    child.once('error', (error) => this.#fail(error))
    child.once('exit', () => this.#fail(new Error('the browser has ended')))
    ;(child.stdio[4] as Readable).on('data', (chunk: Buffer) => this.#received(chunk))
  }

  /** A new page that shows nothing yet. */
  async page(): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, sessionId as string)
    for (const domain of ['Page', 'Runtime', 'Network', 'DOM']) await page.send(`${domain}.enable`)
    await page.send('Page.setLifecycleEventsEnabled', { enabled: true })
    return page
  }

  /** A command of the protocol; rejects with what the browser says is wrong. */
  send(method: string, params: Message = {}, sessionId?: string): Promise<Message> {
    this.#count += 1
    const id = this.#count
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method} was not answered`)), ANSWER_WITHIN_MS)
      const settle = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(id)
      }
      this.#waiting.set(id, {
        resolve: (result) => (settle(), resolve(result)),
        reject: (error) => (settle(), reject(error)),
      })
      this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  /** Hears every event; the function that comes back ends that. */
  listen(listener: (message: Message) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL')
    await this.#ended
  }

  #received(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (let end = this.#rest.indexOf(END_OF_MESSAGE); end >= 0; end = this.#rest.indexOf(END_OF_MESSAGE)) {
      this.#take(JSON.parse(this.#rest.toString('utf8', 0, end)) as Message)
      this.#rest = this.#rest.subarray(end + 1)
    }
  }

  #take(message: Message): void {
    const waiting = this.#waiting.get(message['id'] as number)
    if (waiting === undefined) for (const listener of this.#listeners) listener(message)
    else if ('error' in message) waiting.reject(new Error(JSON.stringify(message['error'])))
    else waiting.resolve((message['result'] ?? {}) as Message)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
  }
}

/** What the browser fetched for a page. */
export interface Fetched {
  readonly url: string
  readonly status: number
  readonly mimeType: string
  readonly fromCache: boolean
}

export class Page {
  readonly #browser: Browser
  readonly #session: string
  #fetched: Fetched[] = []
  /** Documents that are loaded with all that belongs to them, in their order. */
  readonly #loaded: string[] = []
  #changed: () => void = () => {}

  constructor(browser: Browser, session: string) {
    this.#browser = browser
    this.#session = session
    browser.listen(({ sessionId, method, params }) => {
      if (sessionId !== session) return
      if (method === 'Network.responseReceived') this.#noteFetched((params as Message)['response'] as Message)
      if (method === 'Page.lifecycleEvent') this.#noteLoaded(params as Message)
    })
  }

  /** Everything that was fetched since the page was last opened. */
  get fetched(): readonly Fetched[] {
    return this.#fetched
  }

  send(method: string, params: Message = {}): Promise<Message> {
    return this.#browser.send(method, params, this.#session)
  }

  /** Opens an address and resolves when all of it is loaded. */
  async open(url: string): Promise<void> {
    this.#fetched = []
    const { loaderId, errorText } = await this.send('Page.navigate', { url })
    if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`)
    await this.#until(() => this.#loaded.includes(loaderId as string))
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
    return (result as Message)['value']
  }

  /** Clicks what a selector finds, and resolves when the page it leads to is loaded. */
  async follow(selector: string): Promise<void> {
    this.#fetched = []
    const before = this.#loaded.at(-1)
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`)
    await this.#until(() => this.#loaded.at(-1) !== before)
  }

  /** Puts files into a field of a form, as a person does in a dialogue. */
  async chooseFiles(selector: string, files: readonly string[]): Promise<void> {
    const { root } = await this.send('DOM.getDocument')
    const { nodeId } = await this.send('DOM.querySelector', {
      nodeId: (root as Message)['nodeId'],
      selector,
    })
    await this.send('DOM.setFileInputFiles', { nodeId, files })
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the page was not loaded')), ANSWER_WITHIN_MS)
      this.#changed = () => {
        if (!condition()) return
        clearTimeout(timer)
        resolve()
      }
      this.#changed()
    })
  }

  #noteLoaded({ name, loaderId }: Message): void {
    if (name !== 'load' || this.#loaded.at(-1) === loaderId) return
    this.#loaded.push(loaderId as string)
    this.#changed()
  }

  #noteFetched(response: Message): void {
    this.#fetched.push({
      url: response['url'] as string,
      status: response['status'] as number,
      mimeType: response['mimeType'] as string,
      fromCache: response['fromDiskCache'] === true,
    })
  }
}
