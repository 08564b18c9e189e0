/** Where compiled code is kept: with the program, and not in a place where others could put code. */
import { fileURLToPath } from 'node:url'

/** Absolute path of a directory that need not exist. */
export const COMPILE_CACHE = fileURLToPath(new URL('../node_modules/.cache/martlet', import.meta.url))
