/** How the command speaks to people: answers on standard output, what is wrong as one sentence on standard error. */

/** Prints an answer. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Says what is wrong; the command will end with exit code 1. */
export function complain(sentence: string): void {
  process.stderr.write(`martlet: ${sentence}\n`)
  process.exitCode = 1
}

/** Says what somebody should look at; the command goes on. */
export function warn(sentence: string): void {
  process.stderr.write(`martlet: ${sentence}\n`)
}
