/** The scripts of requests, and where it is written down what a real OpenStack Glance 25.1 answered to each. */
import { readFileSync } from 'node:fs'
import type { Answers } from './play-script.ts'
import { STEPS } from './script.ts'
import { MORE_STEPS } from './script-more.ts'

export const SCRIPTS = {
  main: { steps: STEPS, answersFile: new URL('./glance-25.1-answers.json', import.meta.url) },
  more: { steps: MORE_STEPS, answersFile: new URL('./glance-25.1-more-answers.json', import.meta.url) },
} as const

export function isScript(name: string): name is keyof typeof SCRIPTS {
  return name in SCRIPTS
}

export function recordedAnswers(script: keyof typeof SCRIPTS): Answers {
  return JSON.parse(readFileSync(SCRIPTS[script].answersFile, 'utf8')) as Answers
}
