/** What tests of images begin with. */
export const PLAIN_IMAGE = {
  name: 'an image',
  visibility: 'shared',
  isProtected: false,
  isHidden: false,
  owner: 'test',
  minRam: 0,
  minDisk: 0,
  containerFormat: 'bare',
  diskFormat: 'raw',
  tags: [],
  properties: {},
} as const
