/** The converter of images on their way in, where the configuration wants one. */
import type { Environment } from '#base/environment.ts'
import type { Logger } from '#base/log.ts'
import { QemuConverter } from '#images/conversion/qemu-converter.ts'
import { removeLeft } from '#images/conversion/scratch-file.ts'
import type { Settings } from './options.ts'
import { programsUnderLimits } from './run-program.ts'

/** Rejects with an `Error` when the directory for its files is not there. */
export async function converterOf(
  { disk, random, clock }: Environment,
  log: Logger,
  { importPlugins, conversionDirectory: directory, conversionMs, imageSizeBytes }: Settings['images'],
): Promise<QemuConverter | undefined> {
  if (!importPlugins.includes('image_conversion')) return undefined
  try {
    await removeLeft(disk, directory, clock.wallMs())
  } catch (error) {
    throw new Error(`images: conversion_directory ${directory} cannot be read`, { cause: error })
  }
  return new QemuConverter({
    disk,
    random,
    clock,
    log,
    directory,
    run: programsUnderLimits(clock),
    longestMs: conversionMs,
    diskBytes: imageSizeBytes,
  })
}
