/** Objects one by one, and the listings of a bucket. */
import type { S3Operation } from '../operation.ts'
import { deleteObject } from './delete-object.ts'
import { getObject } from './get-object.ts'
import { putObject } from './put-object.ts'

export const objectOperations: readonly S3Operation[] = [
  { name: 'PutObject', method: 'PUT', level: 'object', action: 's3:PutObject', run: putObject },
  { name: 'GetObject', method: 'GET', level: 'object', action: 's3:GetObject', run: getObject },
  { name: 'HeadObject', method: 'HEAD', level: 'object', action: 's3:GetObject', run: getObject },
  { name: 'DeleteObject', method: 'DELETE', level: 'object', action: 's3:DeleteObject', run: deleteObject },
]
