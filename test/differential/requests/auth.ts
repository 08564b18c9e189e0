import { by, get, head, type Request, type Step, steps } from '../step.ts'

function signIn(headers: Readonly<Record<string, string>>, path = '/auth/v1.0'): Request {
  return by('nobody', get(path, headers))
}

const GOOD = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' }

export const authRequests: readonly Step[] = steps('sign-in', {
  'with user and key': signIn(GOOD),
  'with the older header names': signIn({ 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }),
  'with mixed header names': signIn({ 'X-Auth-User': 'test:tester', 'X-Storage-Pass': 'testing' }),
  'at the shorter path': signIn(GOOD, '/auth/v1'),
  'at the path with a slash at the end': signIn(GOOD, '/auth/v1.0/'),
  'at the path that names the account': signIn(
    { 'X-Storage-User': 'tester', 'X-Storage-Pass': 'testing' },
    '/auth/v1/test/auth',
  ),
  'at a path that names another account': signIn(GOOD, '/auth/v1/test2/auth'),
  'with a wrong key': signIn({ 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'wrong' }),
  'as an unknown user': signIn({ 'X-Auth-User': 'test:nobody', 'X-Auth-Key': 'testing' }),
  'to an unknown account': signIn({ 'X-Auth-User': 'nowhere:tester', 'X-Auth-Key': 'testing' }),
  'without the account': signIn({ 'X-Auth-User': 'tester', 'X-Auth-Key': 'testing' }),
  'without a key': signIn({ 'X-Auth-User': 'test:tester' }),
  'without a user': signIn({ 'X-Auth-Key': 'testing' }),
  'without anything': signIn({}),
  'with an empty user': signIn({ 'X-Auth-User': '', 'X-Auth-Key': 'testing' }),
  'by HEAD': { ...signIn(GOOD), method: 'HEAD' },
  'by POST': { ...signIn(GOOD), method: 'POST', body: '' },
  'at an unknown version': signIn(GOOD, '/auth/v7.0'),
  'at the bare prefix': signIn(GOOD, '/auth/'),
  'at an unknown path below': signIn(GOOD, '/auth/v1.0/more'),
})

export const tokenRequests: readonly Step[] = steps('token', {
  'none, for the account': by('nobody', get('~')),
  'none, for a container': by('nobody', get('~/listing')),
  'none, for an object': by('nobody', get('~/listing/a')),
  'none, for a HEAD': by('nobody', head('~')),
  'none, for a PUT': by('nobody', { method: 'PUT', path: '~/no-token', body: '' }),
  'not one of ours': by('nobody', get('~', { 'X-Auth-Token': 'AUTH_tkffffffffffffffffffffffffffffffff' })),
  'of a strange form': by('nobody', get('~', { 'X-Auth-Token': 'x y z' })),
  'of another prefix': by('nobody', get('~', { 'X-Auth-Token': 'OTHER_tk0' })),
  empty: by('nobody', get('~', { 'X-Auth-Token': '' })),
  'in the older header': by(
    'nobody',
    get('~', { 'X-Storage-Token': '{header x-auth-token of sign-in: with user and key}' }),
  ),
  'of another account': by('other', get('~')),
  'of another account, for a container': by('other', get('~/listing')),
  'of another account, for a write': by('other', { method: 'PUT', path: '~/intruder', body: '' }),
  'of the reseller administrator': by('reseller', head('~')),
  'of a user without a role, for the account': by('plain', get('~')),
  'of a user without a role, for a container': by('plain', get('~/listing')),
  'for an account with no such reseller prefix': get('/v1/OTHER_test'),
  'for an account that is not ours': get('/v1/AUTH_nobody'),
})
