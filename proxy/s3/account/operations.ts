/** What S3 Control says of a whole account. */
import type { S3Operation } from '../operation.ts'
import { deleteAccountBlock, getAccountBlock, putAccountBlock } from './account-block.ts'

const ofBlock = { level: 'account', ofAccount: 'configuration/publicAccessBlock' } as const
const READ = 's3:GetAccountPublicAccessBlock'
const CHANGE = 's3:PutAccountPublicAccessBlock'

export const accountOperations: readonly S3Operation[] = [
  {
    name: 'GetAccountPublicAccessBlock',
    method: 'GET',
    ...ofBlock,
    action: READ,
    run: getAccountBlock,
  },
  {
    name: 'PutAccountPublicAccessBlock',
    method: 'PUT',
    ...ofBlock,
    action: CHANGE,
    run: putAccountBlock,
  },
  {
    name: 'DeleteAccountPublicAccessBlock',
    method: 'DELETE',
    ...ofBlock,
    action: CHANGE,
    run: deleteAccountBlock,
  },
]
