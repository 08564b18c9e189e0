"""
Uploads a machine image as the tools of EC2's first years and Walrus bundled it, with boto and signatures of Version 2: parts
of 10 MB and a manifest that names them, all with the ACL `aws-exec-read`; then fetches it and puts it together again. Prints
what it saw as JSON. The endpoint is in the environment.
"""
import hashlib
import json
import os
from urllib.parse import urlparse
from xml.etree import ElementTree

from boto.s3.connection import OrdinaryCallingFormat, S3Connection

PART_BYTES = 10 * 1024 * 1024
BUCKET = "images"
IMAGE = os.urandom(2 * PART_BYTES + 12345)
# The canonical user of EC2, whom `aws-exec-read` lets read.
EC2 = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
seen = {}

endpoint = urlparse(os.environ["AWS_ENDPOINT_URL"])


def connect(user, secret):
    return S3Connection(
        user,
        secret,
        host=endpoint.hostname,
        port=endpoint.port,
        is_secure=False,
        calling_format=OrdinaryCallingFormat(),
    )


owner = connect("test:tester", "testing")
bucket = owner.create_bucket(BUCKET)

manifest = ElementTree.Element("manifest")
ElementTree.SubElement(manifest, "version").text = "2007-10-10"
image = ElementTree.SubElement(manifest, "image")
ElementTree.SubElement(image, "name").text = "server"
ElementTree.SubElement(image, "size").text = str(len(IMAGE))
ElementTree.SubElement(image, "digest", algorithm="SHA1").text = hashlib.sha1(IMAGE).hexdigest()
parts = ElementTree.SubElement(image, "parts")
for index, start in enumerate(range(0, len(IMAGE), PART_BYTES)):
    name = "server.part.%d" % index
    data = IMAGE[start : start + PART_BYTES]
    bucket.new_key(name).set_contents_from_string(data, policy="aws-exec-read")
    part = ElementTree.SubElement(parts, "part", index=str(index))
    ElementTree.SubElement(part, "filename").text = name
    ElementTree.SubElement(part, "digest", algorithm="SHA1").text = hashlib.sha1(data).hexdigest()
key = bucket.new_key("server.manifest.xml")
key.set_contents_from_string(ElementTree.tostring(manifest), policy="aws-exec-read")

grants = bucket.get_acl("server.part.0").acl.grants
seen["grants"] = [[grant.permission, grant.id] for grant in grants] == [["FULL_CONTROL", "test:tester"], ["READ", EC2]]
seen["keys"] = [key.name for key in bucket.list()]

read = ElementTree.fromstring(bucket.get_key("server.manifest.xml").get_contents_as_string())
joined = b"".join(
    bucket.get_key(part.findtext("filename")).get_contents_as_string() for part in read.iter("part")
)
seen["image"] = joined == IMAGE
seen["digest"] = read.findtext("image/digest") == hashlib.sha1(joined).hexdigest()
stranger = connect("test2:tester2", "testing2").get_bucket(BUCKET, validate=False)
try:
    stranger.get_key("server.part.0")
    seen["stranger"] = "reads"
except Exception as error:
    seen["stranger"] = getattr(error, "status", str(error))
print(json.dumps(seen))
