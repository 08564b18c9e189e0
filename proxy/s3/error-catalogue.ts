/**
 * Every error code of the S3 API with its status and its usual message: the only place where S3's texts live.
 * Codes and statuses: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and the pages of the
 * operations for those that the list leaves out.
 */

interface ErrorRow {
  readonly status: number
  /** What the client is told unless the place where it went wrong knows better. */
  readonly message: string
}

export const S3_ERRORS = {
  AccessControlListNotSupported: { status: 400, message: 'The bucket does not allow ACLs' },
  AccessDenied: { status: 403, message: 'Access Denied' },
  AccessForbidden: { status: 403, message: 'CORSResponse: This CORS request is not allowed.' },
  AccountProblem: {
    status: 403,
    message: 'There is a problem with your account that prevents the operation.',
  },
  AllAccessDisabled: { status: 403, message: 'All access to this object has been disabled' },
  AmbiguousGrantByEmailAddress: {
    status: 400,
    message: 'The e-mail address you provided is associated with more than one account.',
  },
  AuthorizationHeaderMalformed: {
    status: 400,
    message: 'The authorization header that you provided is not valid.',
  },
  AuthorizationQueryParametersError: {
    status: 400,
    message: 'The authorization query parameters that you provided are not valid.',
  },
  BadDigest: {
    status: 400,
    message: 'The Content-MD5 or checksum value that you specified did not match what the server received.',
  },
  BadRequest: { status: 400, message: 'Bad Request' },
  BucketAlreadyExists: {
    status: 409,
    message:
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. ' +
      'Please select a different name and try again.',
  },
  BucketAlreadyOwnedByYou: {
    status: 409,
    message: 'Your previous request to create the named bucket succeeded and you already own it.',
  },
  BucketHasAccessPointsAttached: {
    status: 400,
    message: 'The bucket you tried to delete has access points attached.',
  },
  BucketNotEmpty: { status: 409, message: 'The bucket you tried to delete is not empty' },
  ConditionalRequestConflict: {
    status: 409,
    message: 'A conflicting operation occurred during the request. Please try again.',
  },
  CredentialsNotSupported: { status: 400, message: 'This request does not support credentials.' },
  CrossLocationLoggingProhibited: { status: 403, message: 'Cross-location logging not allowed.' },
  DeviceNotActiveError: { status: 400, message: 'The device is not currently active.' },
  EncryptionTypeMismatch: {
    status: 400,
    message: 'The encryption of the object does not match that of the request.',
  },
  EndpointNotFound: { status: 400, message: 'Direct requests to the correct endpoint.' },
  EntityTooLarge: { status: 400, message: 'Your proposed upload exceeds the maximum allowed size' },
  EntityTooSmall: { status: 400, message: 'Your proposed upload is smaller than the minimum allowed size' },
  ExpiredToken: { status: 400, message: 'The provided token has expired.' },
  IllegalLocationConstraintException: {
    status: 400,
    message:
      'The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.',
  },
  IllegalVersioningConfigurationException: {
    status: 400,
    message: 'The versioning configuration specified in the request is invalid.',
  },
  IncompleteBody: {
    status: 400,
    message: 'You did not provide the number of bytes specified by the Content-Length HTTP header',
  },
  IncorrectEndpoint: { status: 400, message: 'The specified bucket exists in another Region.' },
  IncorrectNumberOfFilesInPostRequest: {
    status: 400,
    message: 'POST requires exactly one file upload per request.',
  },
  InlineDataTooLarge: { status: 400, message: 'Inline data exceeds the maximum allowed size.' },
  InsufficientStorage: { status: 507, message: 'There is no room left for what you want to store.' },
  InternalError: { status: 500, message: 'We encountered an internal error. Please try again.' },
  InvalidAccessKeyId: {
    status: 403,
    message: 'The AWS Access Key Id you provided does not exist in our records.',
  },
  InvalidAccessPoint: { status: 400, message: 'The specified access point name or account is not valid.' },
  InvalidAddressingHeader: { status: 400, message: 'You must specify the Anonymous role.' },
  InvalidArgument: { status: 400, message: 'Invalid Argument' },
  InvalidBucketAclWithBlockPublicAccessError: {
    status: 400,
    message: 'Public access of the bucket is blocked, and the ACL would grant it.',
  },
  InvalidBucketAclWithObjectOwnership: {
    status: 400,
    message: "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
  },
  InvalidBucketName: { status: 400, message: 'The specified bucket is not valid.' },
  InvalidBucketOwnerAWSAccountID: {
    status: 400,
    message: 'The value of the expected bucket owner parameter must be an account ID.',
  },
  InvalidBucketState: {
    status: 409,
    message: 'The request is not valid with the current state of the bucket.',
  },
  InvalidChunkSizeError: {
    status: 403,
    message: 'Only the last chunk is allowed to have a size less than 8192 bytes',
  },
  InvalidDigest: { status: 400, message: 'The Content-MD5 you specified was invalid.' },
  InvalidEncryptionAlgorithmError: {
    status: 400,
    message: 'The encryption request you specified is not valid. Supported value: AES256.',
  },
  InvalidHostHeader: {
    status: 400,
    message: 'The host headers provided in the request used the incorrect style.',
  },
  InvalidHttpMethod: { status: 400, message: 'The request was made using an unexpected HTTP method.' },
  InvalidLocationConstraint: { status: 400, message: 'The specified location-constraint is not valid' },
  InvalidObjectState: {
    status: 403,
    message: 'The operation is not valid for the current state of the object.',
  },
  InvalidPart: {
    status: 400,
    message:
      'One or more of the specified parts could not be found. The part may not have been uploaded, ' +
      "or the specified entity tag may not match the part's entity tag.",
  },
  InvalidPartNumber: { status: 416, message: 'The requested partnumber is not satisfiable' },
  InvalidPartOrder: {
    status: 400,
    message: 'The list of parts was not in ascending order. Parts must be ordered by part number.',
  },
  InvalidPayer: { status: 403, message: 'All access to this object has been disabled.' },
  InvalidPolicyDocument: {
    status: 400,
    message: 'The content of the form does not meet the conditions specified in the policy document.',
  },
  InvalidRange: { status: 416, message: 'The requested range is not satisfiable' },
  InvalidRedirectLocation: {
    status: 400,
    message: "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
  },
  InvalidRegion: { status: 403, message: 'The Region is not valid.' },
  InvalidRequest: { status: 400, message: 'Invalid Request' },
  InvalidSOAPRequest: { status: 400, message: 'The SOAP request body is invalid.' },
  InvalidSecurity: { status: 403, message: 'The provided security credentials are not valid.' },
  InvalidSessionException: { status: 400, message: 'The session does not exist, or it has expired.' },
  InvalidSignature: {
    status: 400,
    message: 'The request signature that the server calculated does not match.',
  },
  InvalidStorageClass: { status: 400, message: 'The storage class you specified is not valid' },
  InvalidTag: { status: 400, message: 'The tag provided was not a valid tag.' },
  InvalidTargetBucketForLogging: {
    status: 400,
    message:
      'The target bucket for logging does not exist, is not owned by you, or does not have the appropriate grants.',
  },
  InvalidToken: { status: 400, message: 'The provided token is malformed or otherwise invalid.' },
  InvalidTrailer: { status: 400, message: 'The trailer of the request is not what its headers announced.' },
  InvalidURI: { status: 400, message: "Couldn't parse the specified URI." },
  InvalidWriteOffset: {
    status: 400,
    message: 'The write offset value that you specified does not match the current object size.',
  },
  'KMS.DisabledException': {
    status: 400,
    message: 'The request was rejected because the specified KMS key is not enabled.',
  },
  'KMS.InvalidKeyUsageException': { status: 400, message: 'The key cannot be used for this operation.' },
  'KMS.KMSInvalidStateException': {
    status: 400,
    message: 'The state of the KMS key is not valid for this request.',
  },
  'KMS.NotFoundException': { status: 400, message: 'The specified key could not be found.' },
  KeyTooLongError: { status: 400, message: 'Your key is too long' },
  MalformedACLError: {
    status: 400,
    message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
  MalformedPOSTRequest: {
    status: 400,
    message: 'The body of your POST request is not well-formed multipart/form-data.',
  },
  MalformedPolicy: { status: 400, message: "Policies must be valid JSON and the first byte must be '{'" },
  MalformedTrailerError: {
    status: 400,
    message:
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  },
  MalformedXML: {
    status: 400,
    message: 'The XML you provided was not well-formed or did not validate against our published schema',
  },
  MaxMessageLengthExceeded: { status: 400, message: 'Your request was too big.' },
  MaxPostPreDataLengthExceededError: {
    status: 400,
    message: 'Your POST request fields preceding the upload file were too large.',
  },
  MetadataTooLarge: {
    status: 400,
    message: 'Your metadata headers exceed the maximum allowed metadata size',
  },
  MethodNotAllowed: { status: 405, message: 'The specified method is not allowed against this resource.' },
  MissingAttachment: { status: 400, message: 'A SOAP attachment was expected, but none was found.' },
  MissingAuthenticationToken: { status: 403, message: 'The request was not signed.' },
  MissingContentLength: { status: 411, message: 'You must provide the Content-Length HTTP header.' },
  MissingRequestBodyError: { status: 400, message: 'Request Body is empty' },
  MissingSecurityElement: { status: 400, message: 'The SOAP 1.1 request is missing a security element.' },
  MissingSecurityHeader: { status: 400, message: 'Your request was missing a required header' },
  NoLoggingStatusForKey: {
    status: 400,
    message: 'There is no such thing as a logging status subresource for a key.',
  },
  NoSuchAsyncRequest: { status: 404, message: 'The specified request was not found.' },
  NoSuchBucket: { status: 404, message: 'The specified bucket does not exist' },
  NoSuchBucketPolicy: { status: 404, message: 'The bucket policy does not exist' },
  NoSuchCORSConfiguration: { status: 404, message: 'The CORS configuration does not exist' },
  NoSuchConfiguration: { status: 404, message: 'The specified configuration does not exist.' },
  NoSuchKey: { status: 404, message: 'The specified key does not exist.' },
  NoSuchLifecycleConfiguration: { status: 404, message: 'The lifecycle configuration does not exist' },
  NoSuchObjectLockConfiguration: {
    status: 404,
    message: 'The specified object does not have a ObjectLock configuration',
  },
  NoSuchPublicAccessBlockConfiguration: {
    status: 404,
    message: 'The public access block configuration was not found',
  },
  NoSuchTagSet: { status: 404, message: 'The TagSet does not exist' },
  NoSuchTagSetError: { status: 404, message: 'There is no tag set associated with the bucket.' },
  NoSuchUpload: {
    status: 404,
    message:
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  },
  NoSuchVersion: { status: 404, message: 'The specified version does not exist.' },
  NoSuchWebsiteConfiguration: {
    status: 404,
    message: 'The specified bucket does not have a website configuration',
  },
  NotImplemented: {
    status: 501,
    message: 'A header you provided implies functionality that is not implemented',
  },
  NotModified: { status: 304, message: 'Not Modified' },
  NotSignedUp: { status: 403, message: 'Your account is not signed up for the S3 service.' },
  ObjectLockConfigurationNotFoundError: {
    status: 404,
    message: 'Object Lock configuration does not exist for this bucket',
  },
  OperationAborted: {
    status: 409,
    message:
      'A conflicting conditional operation is currently in progress against this resource. Please try again.',
  },
  OwnershipControlsNotFoundError: { status: 404, message: 'The bucket ownership controls were not found' },
  PermanentRedirect: {
    status: 301,
    message:
      'The bucket you are attempting to access must be addressed using the specified endpoint. ' +
      'Please send all future requests to this endpoint.',
  },
  PreconditionFailed: {
    status: 412,
    message: 'At least one of the pre-conditions you specified did not hold',
  },
  QuotaExceeded: { status: 403, message: 'The quota of the bucket or of its account has no room for this.' },
  Redirect: { status: 307, message: 'Temporary redirect.' },
  ReplicationConfigurationNotFoundError: {
    status: 404,
    message: 'The replication configuration was not found',
  },
  RequestExpired: { status: 400, message: 'Request has expired' },
  RequestHeaderSectionTooLarge: {
    status: 400,
    message: 'Your request header section exceeds the maximum allowed size.',
  },
  RequestIsNotMultiPartContent: {
    status: 412,
    message: 'Bucket POST must be of the enclosure-type multipart/form-data',
  },
  RequestTimeTooSkewed: {
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
  },
  RequestTimeout: {
    status: 400,
    message:
      'Your socket connection to the server was not read from or written to within the timeout period.',
  },
  RequestTorrentOfBucketError: {
    status: 400,
    message: 'Requesting the torrent file of a bucket is not permitted.',
  },
  ResponseInterrupted: { status: 400, message: 'The response was interrupted.' },
  RestoreAlreadyInProgress: { status: 409, message: 'Object restore is already in progress.' },
  ServerSideEncryptionConfigurationNotFoundError: {
    status: 404,
    message: 'The server side encryption configuration was not found',
  },
  ServiceUnavailable: { status: 503, message: 'Service is unable to handle request.' },
  SignatureDoesNotMatch: {
    status: 403,
    message:
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
  SlowDown: { status: 503, message: 'Please reduce your request rate.' },
  TagPolicyException: { status: 400, message: 'The tag policy does not allow the specified value.' },
  TemporaryRedirect: {
    status: 307,
    message: 'You are being redirected to the bucket while the DNS server is being updated.',
  },
  TokenCodeInvalidError: {
    status: 400,
    message: 'The serial number and/or token code you provided is not valid.',
  },
  TokenRefreshRequired: { status: 400, message: 'The provided token must be refreshed.' },
  TooManyAccessPoints: {
    status: 400,
    message: 'You have attempted to create more access points than are allowed.',
  },
  TooManyBuckets: { status: 400, message: 'You have attempted to create more buckets than allowed' },
  TooManyMultiRegionAccessPointregionsError: {
    status: 400,
    message: 'You have attempted to create a Multi-Region Access Point with more Regions than are allowed.',
  },
  TooManyParts: { status: 400, message: 'You have specified more parts than are allowed for the request.' },
  UnauthorizedAccess: { status: 403, message: 'Access to this resource is not authorized.' },
  UnexpectedContent: { status: 400, message: 'This request does not support content' },
  UnresolvableGrantByEmailAddress: {
    status: 400,
    message: 'The email address you provided does not match any account on record.',
  },
  UnsupportedSignature: {
    status: 400,
    message: 'The provided request is signed with an unsupported version.',
  },
  UserKeyMustBeSpecified: {
    status: 400,
    message:
      'The bucket POST must contain the specified field name. If it is specified, please check the order of the fields.',
  },
  XAmzContentChecksumMismatch: {
    status: 400,
    message: "The provided 'x-amz-checksum' header does not match what was computed.",
  },
  XAmzContentSHA256Mismatch: {
    status: 400,
    message: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
} as const satisfies Readonly<Record<string, ErrorRow>>

export type S3ErrorCode = keyof typeof S3_ERRORS
