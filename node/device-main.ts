/** Main file of a process that owns one device. */
import { startDeviceService } from './device-service.ts'
import { obeySupervisor } from './obey.ts'

obeySupervisor(startDeviceService)
