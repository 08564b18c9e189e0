/** What our registry is to answer to the scripts: what a real OpenStack Glance did, and where ours differs on purpose, how and why. */
import type { Answer, Answers } from './play-script.ts'
import { recordedAnswers, type SCRIPTS } from './recorded.ts'

interface Difference {
  readonly why: string
  readonly status?: number
  /** The bodies are not compared; `none`: ours is a refusal. */
  readonly body?: 'ours' | 'none'
}

const BETTER_THAN_500: Difference = { why: 'what a client does wrong is its own mistake', status: 400 }
const MORE_FORMATS: Difference = { why: 'gpt and luks are formats, too', body: 'ours' }
const NEWER_TASK: Difference = { why: 'tasks of newer releases are known', body: 'ours' }
const NAMELESS: Difference = { why: 'the property without a name is not there', body: 'ours' }

const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'schema image': MORE_FORMATS,
  'schema images': MORE_FORMATS,
  'schema task': NEWER_TASK,
  'schema tasks': NEWER_TASK,
  'namespace with everything': { why: 'what is in it is told as it will be shown', body: 'ours' },
  'namespaces with an odd limit': BETTER_THAN_500,
  'namespaces by an odd key': BETTER_THAN_500,
  objects: { why: 'the path of the schema begins with a slash', body: 'ours' },
  'images by colour_min=1': BETTER_THAN_500,
  'patch with an empty name': { why: 'a property has a name', status: 400, body: 'none' },
  'patch with null where it may be': NAMELESS,
  'patch with tags': NAMELESS,
  'show after all that': NAMELESS,
  'patch with stores': { why: 'stores are the server’s to tell', status: 403, body: 'none' },
  'import of nothing': BETTER_THAN_500,
  'import with an odd method': BETTER_THAN_500,
  'tag with a slash': { why: 'an escaped slash is part of the tag', status: 204 },
}

/** The answers that ours must be, given ours: parts that are not compared are taken from them. */
export function expectedAnswers(script: keyof typeof SCRIPTS, ours: Answers): Answers {
  const answers = Object.entries(recordedAnswers(script)).map(([name, answer]) => [
    name,
    differing(answer, DIFFERENCES[name], ours[name]),
  ])
  return Object.fromEntries(answers) as Answers
}

function differing(real: Answer, difference: Difference | undefined, ours: Answer | undefined): Answer {
  const { status = real.status, body } = difference ?? {}
  return { ...real, status, body: body === undefined ? real.body : body === 'none' ? null : ours?.body }
}
