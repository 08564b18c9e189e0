/**
 * PostObject: an upload by a form that a browser sends ("POST Object"). Who signed the form's policy is who uploads, within
 * the policy; a form that nobody signed is anonymous. The file streams into an upload like any other.
 */
import { checkPolicy, parsePostPolicy, type SizeRange } from '#auth/s3/post-policy.ts'
import { isRefused } from '#auth/s3/refusal.ts'
import type { Response } from '#http/message.ts'
import { formBoundary } from '../../middleware/form-reader.ts'
import { permission } from '../access/authorize.ts'
import { errorOf } from '../authenticate.ts'
import { resolveBucket } from '../buckets/resolve-bucket.ts'
import { invalidArgument, isS3Error, type S3Error, s3Error } from '../error.ts'
import { putObject } from '../objects/put-object.ts'
import type { S3Operation, S3Visit } from '../operation.ts'
import { formAnswer } from './form-answer.ts'
import { readForm, type UploadForm } from './form-fields.ts'
import { fileBody, uploadRequest } from './form-upload.ts'

export const formOperations: readonly S3Operation[] = [
  {
    name: 'PostObject',
    method: 'POST',
    level: 'bucket',
    // Who asks is known only once the form was read; so is the bucket that they mean.
    action: 'none',
    bucket: 'may_be_missing',
    run: postObject,
  },
]

const NO_FORM = 'Bucket POST must be of the enclosure-type multipart/form-data'
const NO_KEY =
  "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."

async function postObject(visit: S3Visit): Promise<Response | S3Error> {
  const boundary = formBoundary(visit.request.headers['content-type'])
  if (boundary === undefined) return s3Error('PreconditionFailed', { extra: { Condition: NO_FORM } })
  const form = await readForm(visit.sent.body, boundary)
  if (isS3Error(form)) return form
  const key = form.fields.get('key')
  if (key === undefined) return invalidArgument('key', '', NO_KEY)
  if (key === '') return s3Error('UserKeyMustBeSpecified')
  if (key.includes('\0')) return invalidArgument('key', key, 'A key may not hold NUL.')
  const upload = await uploadOf(visit, form, key)
  if (isS3Error(upload)) return upload
  const put = await putObject(upload)
  return isS3Error(put) ? put : formAnswer(upload.request, form.fields, put)
}

/** The visit that puts the file, by whoever signed the form; or why there is none. */
async function uploadOf(
  visit: S3Visit,
  { fields, file }: UploadForm,
  key: string,
): Promise<S3Visit | S3Error> {
  const { deps, transaction, request: posted, sent: form } = visit
  const caller = await deps.authenticateForm(fields)
  if (isS3Error(caller)) return caller
  const sizes = allowedSizes(visit, fields)
  if (isS3Error(sizes)) return sizes
  const request = uploadRequest(posted, fields, key)
  if (isS3Error(request)) return request
  const sent = fileBody(file, request.headers, sizes, form.body)
  if (isS3Error(sent)) return sent
  if (caller.kind === 'user') transaction.principal = caller.principal
  const bucket = await resolveBucket(deps, transaction, request, caller)
  if (isS3Error(bucket)) return bucket
  const upload: S3Visit = { deps, transaction, request, caller, sent, bucket }
  const denied = await deps.authorize(upload, { action: 's3:PutObject', bucket, key })
  if (denied !== undefined) return denied
  // What the upload leads to is judged by who signed the form, too.
  transaction.permits = (list, name) => permission(upload, list, name)
  return upload
}

/** How long the file may be by the policy, if there is one; or how the form breaks it. */
function allowedSizes(
  { deps, request }: S3Visit,
  fields: UploadForm['fields'],
): readonly SizeRange[] | S3Error {
  const written = fields.get('policy')
  if (written === undefined) return []
  const policy = parsePostPolicy(written)
  if (isRefused(policy)) return errorOf(policy)
  const values = new Map([...fields, ['bucket', request.bucket ?? '']])
  const refusal = checkPolicy(policy, values, deps.clock.wallMs())
  return refusal === undefined ? policy.sizes : errorOf(refusal)
}
