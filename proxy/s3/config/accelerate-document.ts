/** `AccelerateConfiguration` (Amazon S3 API Reference, PutBucketAccelerateConfiguration). */
import { holding, required, word } from './xml-schema.ts'

export const accelerateDocument = holding(required('Status', word('Enabled', 'Suspended')))
