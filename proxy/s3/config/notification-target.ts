/**
 * Whom events may be told: webhooks, named by an ARN whose resource is the address, `arn:martlet:webhook:::https://host/path`.
 * Which addresses a request may really go to is decided when it is sent (`notifier/`), because names can change what they
 * stand for; here the obvious is refused.
 */
import { type NotificationConfiguration, webhookIn } from '#store/bucket-settings/notification-rules.ts'
import { type S3Error, s3Error } from '../error.ts'
import type { S3Visit } from '../operation.ts'

export async function notificationProblem(
  _visit: S3Visit,
  { targets }: NotificationConfiguration,
): Promise<S3Error | undefined> {
  const unknown = targets.find(({ arn }) => webhookIn(arn) === undefined)
  if (unknown === undefined) return undefined
  return s3Error('InvalidArgument', {
    message: 'Unable to validate the following destination configurations',
    extra: {
      ArgumentName: unknown.arn,
      ArgumentValue: 'The destination must be arn:martlet:webhook:::<URL>',
    },
  })
}
