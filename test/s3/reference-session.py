"""
Requests to the S3 door and what AWS's API reference says of each, as a table: the status, and the code of errors. Prints as
JSON how many were checked and which came out otherwise. The endpoint and the keys are in the environment.
"""
import base64
import hashlib
import http.client
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials

URL = os.environ["AWS_ENDPOINT_URL"]
WHO = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
s3 = boto3.client("s3", endpoint_url=URL, config=Config(s3={"addressing_style": "path"}))
seen = {"checked": 0, "differ": []}


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body.decode("utf-8", "replace")
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        code = re.search("<Code>([^<]*)<", self.body)
        self.outcome = str(self.status) + (" " + code.group(1) if code else "")

    def all(self, name):
        return re.findall(f"<{name}>([^<]*)</{name}>", self.body)

    def one(self, name):
        return (self.all(name) or [None])[0]


def ask(method, path, headers=None, body=b"", signed=True):
    """One request as it is written here: no client's help, and none of its corrections."""
    body = body if isinstance(body, bytes) else body.encode()
    request = AWSRequest(method, URL + path, headers=dict(headers or {}), data=body)
    if signed:
        S3SigV4Auth(WHO, "s3", "us-east-1").add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(URL).netloc, timeout=60)
    connection.request(method, path, body, dict(request.headers.items()))
    response = connection.getresponse()
    answer = Answer(response, response.read())
    connection.close()
    return answer


def check(what, got, wanted):
    seen["checked"] += 1
    if got != wanted:
        seen["differ"].append([what, got, wanted])


def table(place, rows):
    """Rows: method, path after the place, headers, body, outcome."""
    for method, path, headers, body, wanted in rows:
        what = f"{method} {path[:60]} {json.dumps(headers)[:90]} {str(body)[:60]}"
        check(what, ask(method, place + path, headers, body).outcome, wanted)


def etag(body):
    return '"' + hashlib.md5(body).hexdigest() + '"'


def md5(body):
    return base64.b64encode(hashlib.md5(body.encode()).digest()).decode()


ENABLED = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
IN_A_ROW = 16


def delete_versions(bucket, versions):
    written = "".join(f"<Object><Key>{key}</Key><VersionId>{id}</VersionId></Object>" for key, id in versions)
    document = f"<Delete>{written}</Delete>"
    return ask("POST", f"/{bucket}?delete", {"content-md5": md5(document)}, document)


def deleted(path):
    """As every client does it: a delete that cannot be made now is tried again."""
    outcome = ""
    for _ in range(20):
        outcome = ask("DELETE", path).outcome
        if outcome not in ("503 ServiceUnavailable", "409 ConditionalRequestConflict"):
            break
    return outcome


def keep_versions(bucket):
    """Until every process of the cluster knows; what is put meanwhile goes again."""
    ask("PUT", f"/{bucket}?versioning", {}, ENABLED)
    kept = []
    for _ in range(1000):
        if len(kept) >= IN_A_ROW and "null" not in kept[-IN_A_ROW:]:
            break
        kept.append(ask("PUT", f"/{bucket}/scratch").headers.get("x-amz-version-id", "null"))
    delete_versions(bucket, [("scratch", id) for id in set(kept)])


# Buckets.
NAMES = ["a", "Upper", "under_score", "dot..dot", "-lead", "trail-", "192.168.5.1", "xn--x", "x-s3alias", "x--ol-s3"]
table("/", [("PUT", name, {}, "", "400 InvalidBucketName") for name in NAMES])
ELSEWHERE = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"
table("/", [
    ("PUT", "ref-box", {}, "", "200"),
    ("PUT", "ref-box", {}, "", "200"),
    ("PUT", "ref-away", {}, ELSEWHERE, "400 IllegalLocationConstraintException"),
    ("PUT", "ref-away", {}, "<foo", "400 MalformedXML"),
    ("PUT", "ref-away", {"x-amz-acl": "public-ready"}, "", "400 InvalidArgument"),
    ("GET", "?max-buckets=0", {}, "", "400 InvalidArgument"),
    ("GET", "?max-buckets=10001", {}, "", "400 InvalidArgument"),
    ("DELETE", "ref-nowhere", {}, "", "404 NoSuchBucket"),
    ("HEAD", "ref-nowhere", {}, "", "404"),
    ("PATCH", "ref-box", {}, "", "405 MethodNotAllowed"),
])
ABSENT = {
    "cors": "NoSuchCORSConfiguration", "website": "NoSuchWebsiteConfiguration", "policy": "NoSuchBucketPolicy",
    "lifecycle": "NoSuchLifecycleConfiguration", "tagging": "NoSuchTagSet",
    "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "object-lock": "ObjectLockConfigurationNotFoundError", "ownershipControls": "OwnershipControlsNotFoundError",
    "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
}
table("/ref-box", [("GET", f"?{part}", {}, "", f"404 {code}") for part, code in ABSENT.items()])
table("/ref-nowhere", [("GET", f"?{part}", {}, "", "404 NoSuchBucket") for part in [*ABSENT, "acl", "versioning"]])
DOCUMENTS = [*(part for part in ABSENT if part not in ("policy", "object-lock")), "versioning", "logging", "acl"]
for part in DOCUMENTS:
    wanted = "400 MalformedACLError" if part == "acl" else "400 MalformedXML"
    table("/ref-box", [("PUT", f"?{part}", {}, body, wanted) for body in ("<foo", "<Foo/>")])

# Objects.
s3.put_object(Bucket="ref-box", Key="o", Body=b"0123456789")
OTHER = "rL0Y20xC+Fzt72VPzMSk2A=="
PAST, FUTURE = "Tue, 07 Jul 2010 21:53:04 GMT", "Tue, 07 Jul 2037 21:53:04 GMT"
KMS = {"x-amz-server-side-encryption": "aws:kms"}
SOURCE = {"x-amz-copy-source": "ref-box/o"}
table("/ref-box", [
    ("PUT", "/p", {"content-md5": OTHER}, "x", "400 BadDigest"),
    ("PUT", "/p", {"content-md5": "YWJyYWNhZGFicmE="}, "x", "400 InvalidDigest"),
    ("PUT", "/p", {"x-amz-meta-a": "v" * 2049}, "x", "400 MetadataTooLarge"),
    ("PUT", "/p", {"x-amz-meta-a": "v" * 2047}, "x", "200"),
    ("PUT", "/p", {"x-amz-storage-class": "VELVET"}, "x", "400 InvalidStorageClass"),
    ("PUT", "/p", {"x-amz-checksum-crc32": "AAAAAA=="}, "x", "400 BadDigest"),
    ("PUT", "/p", {"x-amz-checksum-crc32": "x"}, "x", "400 InvalidRequest"),
    ("PUT", "/p", {"x-amz-tagging": "a=b&a=c"}, "x", "400 InvalidArgument"),
    ("PUT", "/p", {**KMS, "x-amz-server-side-encryption-context": "e"}, "x", "400 InvalidArgument"),
    ("PUT", "/" + "k" * 1025, {}, "x", "400 KeyTooLongError"),
    ("PUT", "/o", {"if-none-match": "*"}, "x", "412 PreconditionFailed"),
    ("PUT", "/o", {"if-match": '"x"'}, "x", "412 PreconditionFailed"),
    ("PUT", "/none", {"if-match": '"x"'}, "x", "404 NoSuchKey"),
    ("GET", "/o", KMS, "", "400 InvalidArgument"),
    ("GET", "/o", {"if-match": '"x"', "if-none-match": "*"}, "", "412 PreconditionFailed"),
    ("GET", "/o", {"if-match": etag(b"0123456789"), "if-unmodified-since": PAST}, "", "200"),
    ("GET", "/o", {"if-none-match": '"x"', "if-modified-since": FUTURE}, "", "200"),
    ("GET", "/o", {"if-none-match": etag(b"0123456789")}, "", "304"),
    ("GET", "/o?partNumber=2", {}, "", "416 InvalidPartNumber"),
    ("GET", "/o?partNumber=1", {}, "", "206"),
    ("GET", "/o?versionId=", {}, "", "400 InvalidArgument"),
    ("GET", "/o?versionId=what", {}, "", "400 InvalidArgument"),
    ("GET", "/o?policy", {}, "", "400 InvalidRequest"),
    ("GET", "/none", {}, "", "404 NoSuchKey"),
    ("GET", "/none?tagging", {}, "", "404 NoSuchKey"),
    ("GET", "/none?acl", {}, "", "404 NoSuchKey"),
    ("PUT", "/c", {"x-amz-copy-source": "ref-box/100%"}, "", "400 InvalidArgument"),
    ("PUT", "/c", {"x-amz-copy-source": "ref-box"}, "", "400 InvalidArgument"),
    ("PUT", "/c", {"x-amz-copy-source": "ref-box/none"}, "", "404 NoSuchKey"),
    ("PUT", "/o", SOURCE, "", "400 InvalidRequest"),
    ("PUT", "/c", {**SOURCE, "x-amz-copy-source-if-match": '"x"'}, "", "412 PreconditionFailed"),
    ("POST", "?delete", {"content-md5": md5("<Delete/>")}, "<Delete/>", "400 MalformedXML"),
    ("DELETE", "/o", {"if-match": '"x"'}, "", "412 PreconditionFailed"),
    ("DELETE", "/none", {}, "", "204"),
])
RANGES = {
    "bytes=4-7": "206 bytes 4-7/10", "bytes=8-": "206 bytes 8-9/10", "bytes=-3": "206 bytes 7-9/10",
    "bytes=-99": "206 bytes 0-9/10", "bytes=10-": "416 bytes */10", "bytes=-0": "416 bytes */10",
    "bytes=7-4": "200 None", "bytes=a-b": "200 None", "bytes=0-1,3-4": "200 None",
}
for written, wanted in RANGES.items():
    for method in ("GET", "HEAD"):
        answer = ask(method, "/ref-box/o", {"range": written})
        check(f"{method} {written}", f"{answer.status} {answer.headers.get('content-range')}", wanted)

# Listings, each page compared with what the names say.
KEYS = ["a", "a b/1", "a+b", "b/1", "b/2/3", "b/2/4", "bc", "c%25/x", "\u00fc/1", "\U0001f426"]
s3.create_bucket(Bucket="ref-list")
keep_versions("ref-list")
ids = [(key, s3.put_object(Bucket="ref-list", Key=key)["VersionId"]) for key in KEYS]


def listed(prefix, delimiter):
    """Names that begin so, those with the delimiter behind it cut after it."""
    found = []
    for key in sorted((key for key in KEYS if key.startswith(prefix)), key=str.encode):
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        found.append(key if end < 0 else key[: end + len(delimiter)])
    return sorted(set(found), key=str.encode)


KINDS = {
    "list_objects": ("Contents", {"Marker": "NextMarker"}),
    "list_objects_v2": ("Contents", {"ContinuationToken": "NextContinuationToken"}),
    "list_object_versions": ("Versions", {"KeyMarker": "NextKeyMarker", "VersionIdMarker": "NextVersionIdMarker"}),
}


def paged(operation, prefix, delimiter, size):
    entries, markers = KINDS[operation]
    found, next_page = [], {}
    for _ in KEYS:
        arguments = {"Bucket": "ref-list", "Prefix": prefix, "Delimiter": delimiter, "MaxKeys": size, **next_page}
        page = getattr(s3, operation)(**arguments)
        names = [entry["Key"] for entry in page.get(entries, [])]
        found += names + [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
        if not page["IsTruncated"]:
            break
        next_page = {name: page.get(told, "") for name, told in markers.items()}
        if operation == "list_objects" and not delimiter:
            next_page = {"Marker": names[-1]}
    return sorted(found, key=str.encode)


for operation in KINDS:
    for prefix, delimiter in (("", ""), ("", "/"), ("b", "/"), ("b/", "/"), ("", "b/"), ("x", "/")):
        for size in (1, 3):
            what = f"{operation} {prefix!r} {delimiter!r} by {size}"
            check(what, paged(operation, prefix, delimiter, size), listed(prefix, delimiter))
LIMITS = {"": "max-keys", "list-type=2&": "max-keys", "versions&": "max-keys", "uploads&": "max-uploads"}
for part, limit in LIMITS.items():
    table("/ref-list", [
        ("GET", f"?{part}{limit}=-1", {}, "", "400 InvalidArgument"),
        ("GET", f"?{part}{limit}=x", {}, "", "400 InvalidArgument"),
        ("GET", f"?{part}encoding-type=x", {}, "", "400 InvalidArgument"),
        ("GET", f"?{part}{limit}=0", {}, "", "200"),
    ])
check("names in URLs", ask("GET", "/ref-list?encoding-type=url").all("Key"),
      [quote(key, safe="/").replace("%20", "+") for key in sorted(KEYS, key=str.encode)])

# Versions: deleted together, one by one at the same moment, and the null version's own facts.
check("versions go", len(delete_versions("ref-list", ids).all("Key")), len(KEYS))
same = [s3.put_object(Bucket="ref-list", Key="k", Body=str(at))["VersionId"] for at in range(5)]
same.append(s3.delete_object(Bucket="ref-list", Key="k")["VersionId"])
with ThreadPoolExecutor(len(same)) as at_once:
    check("at once", sorted(set(at_once.map(lambda id: deleted(f"/ref-list/k?versionId={id}"), same))), ["204"])
check("nothing is left", ask("GET", "/ref-list?versions").all("VersionId"), [])
check("the bucket can go", ask("DELETE", "/ref-list").outcome, "204")
TAGS = "<Tagging><TagSet><Tag><Key>k</Key><Value>old</Value></Tag></TagSet></Tagging>"
keep_versions("ref-box")
ask("PUT", "/ref-box/o", {}, "new")
marker = ask("DELETE", "/ref-box/o").headers.get("x-amz-version-id")
table("/ref-box", [
    ("PUT", "/o?tagging&versionId=null", {}, TAGS, "200"),
    ("GET", "/o?acl&versionId=null", {}, "", "200"),
    ("GET", f"/o?versionId={marker}", {}, "", "405 MethodNotAllowed"),
    ("GET", f"/o?acl&versionId={marker}", {}, "", "405 MethodNotAllowed"),
    ("PUT", "/c", {"x-amz-copy-source": f"ref-box/o?versionId={marker}"}, "", "400 InvalidRequest"),
    ("GET", "/o?versionId=1700000000.00000", {}, "", "404 NoSuchVersion"),
])
check("tags of null", ask("GET", "/ref-box/o?tagging&versionId=null").all("Value"), ["old"])

# Uploads in parts.
upload = ask("POST", "/ref-box/m?uploads").one("UploadId")
part = ask("PUT", f"/ref-box/m?partNumber=1&uploadId={upload}", {}, "x").headers.get("etag")
ask("PUT", f"/ref-box/m?partNumber=2&uploadId={upload}", {}, "x")


def parts(*numbers):
    written = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{part}</ETag></Part>" for number in numbers)
    return f"<CompleteMultipartUpload>{written}</CompleteMultipartUpload>"


SUM = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "SUM"}
table("/ref-box/m", [
    *(("PUT", f"?partNumber={number}&uploadId={upload}", {}, "x", "400 InvalidArgument") for number in (0, 10001, "x")),
    ("PUT", "?partNumber=1&uploadId=none", {}, "x", "404 NoSuchUpload"),
    ("PUT", "?partNumber=1", {}, "x", "400 InvalidArgument"),
    ("POST", "?uploads", SUM, "", "400 InvalidRequest"),
    ("POST", f"?uploadId={upload}", {}, "", "400 MalformedXML"),
    ("POST", f"?uploadId={upload}", {}, parts(), "400 MalformedXML"),
    ("POST", f"?uploadId={upload}", {}, parts(0), "400 InvalidArgument"),
    ("POST", f"?uploadId={upload}", {}, parts(2, 1), "400 InvalidPartOrder"),
    ("POST", f"?uploadId={upload}", {}, parts(3), "400 InvalidPart"),
    ("POST", f"?uploadId={upload}", {}, parts(1, 2), "400 EntityTooSmall"),
    ("POST", f"?uploadId={upload}", {}, parts(1), "200"),
    ("POST", f"?uploadId={upload}", {}, parts(1), "200"),
    ("GET", f"?uploadId={upload}", {}, "", "404 NoSuchUpload"),
    ("DELETE", "?uploadId=none", {}, "", "404 NoSuchUpload"),
])

# Nobody.
check("nobody reads", ask("GET", "/ref-box/m", signed=False).outcome, "403 AccessDenied")
check("nobody lists", ask("GET", "/ref-box", signed=False).outcome, "403 AccessDenied")
check("nobody makes", ask("PUT", "/ref-nobody", signed=False).outcome, "403 AccessDenied")
print(json.dumps(seen))
