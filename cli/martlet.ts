#!/usr/bin/env node
/**
 * The `martlet` command. What was compiled once is kept, so that a start takes half the time; where the cache cannot be
 * written, Node does without.
 */
import { enableCompileCache } from 'node:module'
import { COMPILE_CACHE } from './compile-cache.ts'

enableCompileCache(COMPILE_CACHE)
const { runProgram } = await import('./program.ts')
await runProgram(process.argv)
