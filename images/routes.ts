/** The one list of what the registry answers: method, path, what body is expected, and the verb (`/v2` is left out). */
import { metadefRoutes } from './metadefs/routes.ts'
import { actions } from './verbs/actions.ts'
import { cacheRoutes } from './verbs/cache.ts'
import { fileRoutes } from './verbs/file.ts'
import { imageRoutes } from './verbs/images.ts'
import { importRoutes } from './verbs/imports.ts'
import { infoRoutes } from './verbs/info.ts'
import { locationRoutes } from './verbs/locations.ts'
import { memberRoutes } from './verbs/members.ts'
import { objectRoutes } from './verbs/objects.ts'
import type { ImageRoute } from './verbs/route.ts'
import { schemaRoutes } from './verbs/schemas.ts'
import { tagRoutes } from './verbs/tags.ts'
import { taskRoutes } from './verbs/tasks.ts'
import { uploadProgressRoutes } from './verbs/upload-progress.ts'

export const ROUTES: readonly ImageRoute[] = [
  ...imageRoutes,
  ...fileRoutes,
  ...uploadProgressRoutes,
  ...importRoutes,
  ...taskRoutes,
  ...cacheRoutes,
  ...actions,
  ...tagRoutes,
  ...memberRoutes,
  ...locationRoutes,
  ...objectRoutes,
  ...infoRoutes,
  ...schemaRoutes,
  ...metadefRoutes,
]
