/** Main file of a process that only serves clients. */
import { obeySupervisor } from './obey.ts'
import { startProxyService } from './proxy-service.ts'

obeySupervisor(startProxyService)
