/**
 * `REPLICATE` as OpenStack Swift's replicators send it expects rsync and SQLite files behind it. Replicas of one
 * partition cannot be shared between the two; the log line tells the operator whose rings are mixed up.
 */
import type { Logger } from '#base/log.ts'
import type { Handler } from '#http/message.ts'
import { textAnswer } from './answers.ts'

export function refuseReplicate(server: string, log: Logger): Handler {
  return async (request) => {
    await request.body.cancel()
    log.warn(
      { path: request.path, remote: request.remoteAddress, agent: request.headers['user-agent'] },
      `${server} got an rsync-style REPLICATE of OpenStack Swift; replicas of one partition cannot be mixed`,
    )
    return textAnswer(
      501,
      'Rsync-style replication is not supported: all replicas of a partition must be on Martlet.\n',
    )
  }
}
