/**
 * The sentences of OpenStack Swift's answers that have no other body (`common/swob.py`, RESPONSE_REASONS): clients show
 * them to people, and some match on them.
 */

/** Title and sentence by status; the others have an empty body. */
const EXPLANATIONS: Readonly<Record<number, readonly [title: string, sentence: string]>> = {
  202: ['Accepted', 'The request is accepted for processing.'],
  301: ['Moved Permanently', 'The resource has moved permanently.'],
  400: [
    'Bad Request',
    'The server could not comply with the request since it is either malformed or otherwise incorrect.',
  ],
  401: [
    'Unauthorized',
    'This server could not verify that you are authorized to access the document you requested.',
  ],
  403: ['Forbidden', 'Access was denied to this resource.'],
  404: ['Not Found', 'The resource could not be found.'],
  405: ['Method Not Allowed', 'The method is not allowed for this resource.'],
  406: ['Not Acceptable', 'The resource is not available in a format acceptable to your browser.'],
  408: ['Request Timeout', 'The server has waited too long for the request to be sent by the client.'],
  409: ['Conflict', 'There was a conflict when trying to complete your request.'],
  411: ['Length Required', 'Content-Length header required.'],
  412: ['Precondition Failed', 'A precondition for this request was not met.'],
  413: ['Request Entity Too Large', 'The body of your request was too large for this server.'],
  416: ['Requested Range Not Satisfiable', 'The Range requested is not available.'],
  422: ['Unprocessable Entity', 'Unable to process the contained instructions'],
  499: ['Client Disconnect', 'The client was disconnected during request.'],
  500: [
    'Internal Error',
    'The server has either erred or is incapable of performing the requested operation.',
  ],
  501: ['Not Implemented', 'The requested method is not implemented by this server.'],
  503: ['Service Unavailable', 'The server is currently unavailable. Please try again at a later time.'],
  507: ['Insufficient Storage', 'There was not enough space to save the resource. Drive: %(drive)s'],
}

/** Title and sentence on a line each, for reports; empty where there are none. */
export function plainExplanationOf(status: number): string {
  return (EXPLANATIONS[status] ?? []).join('\n')
}

/** The HTML text of a status, or an empty one. `drive` is named in a 507. */
export function explanationOf(status: number, drive: string): string {
  const known = EXPLANATIONS[status]
  if (known === undefined) return ''
  const [title, sentence] = known
  const name = drive.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<html><h1>${title}</h1><p>${sentence.replace('%(drive)s', name)}</p></html>`
}
