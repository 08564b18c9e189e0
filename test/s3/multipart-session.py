"""What boto3 does with large objects, versions and keys of its own; prints what it saw as JSON."""
import hashlib
import io
import json
import os

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"}))
BUCKET = "boto3-parts"
MIB = 1024 * 1024
seen = {}


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "none"


s3.create_bucket(Bucket=BUCKET)
body = os.urandom(12 * MIB)
parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
s3.upload_fileobj(io.BytesIO(body), BUCKET, "large", Config=parts)
back = io.BytesIO()
s3.download_fileobj(BUCKET, "large", back, Config=parts)
seen["large"] = back.getvalue() == body
digests = b"".join(hashlib.md5(body[at : at + 5 * MIB]).digest() for at in range(0, len(body), 5 * MIB))
seen["etag"] = s3.head_object(Bucket=BUCKET, Key="large")["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
part = s3.get_object(Bucket=BUCKET, Key="large", PartNumber=3)
seen["part"] = [part["PartsCount"], part["Body"].read() == body[10 * MIB :]]
told = s3.get_object_attributes(Bucket=BUCKET, Key="large", ObjectAttributes=["ObjectParts", "ObjectSize"])
seen["attributes"] = [told["ObjectSize"], told["ObjectParts"]["TotalPartsCount"]]

s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copied", Config=parts)
seen["copied"] = s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == body

upload = s3.create_multipart_upload(Bucket=BUCKET, Key="left")["UploadId"]
s3.upload_part(Bucket=BUCKET, Key="left", UploadId=upload, PartNumber=1, Body=b"x")
seen["uploads"] = [one["Key"] for one in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]]
seen["parts"] = [one["Size"] for one in s3.list_parts(Bucket=BUCKET, Key="left", UploadId=upload)["Parts"]]
s3.abort_multipart_upload(Bucket=BUCKET, Key="left", UploadId=upload)
seen["aborted"] = code_of(s3.list_parts, Bucket=BUCKET, Key="left", UploadId=upload)

s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
first = s3.put_object(Bucket=BUCKET, Key="o", Body=b"one")["VersionId"]
s3.put_object(Bucket=BUCKET, Key="o", Body=b"two")
s3.delete_object(Bucket=BUCKET, Key="o")
listed = s3.list_object_versions(Bucket=BUCKET, Prefix="o")
seen["versions"] = [len(listed["Versions"]), len(listed["DeleteMarkers"])]
seen["first"] = s3.get_object(Bucket=BUCKET, Key="o", VersionId=first)["Body"].read().decode()

key = os.urandom(32)
own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": key}
s3.upload_fileobj(io.BytesIO(body), BUCKET, "mine", Config=parts, ExtraArgs=own)
seen["mine"] = s3.get_object(Bucket=BUCKET, Key="mine", **own)["Body"].read() == body
seen["without"] = code_of(s3.get_object, Bucket=BUCKET, Key="mine")
seen["sse"] = s3.put_object(Bucket=BUCKET, Key="sse", Body=b"x", ServerSideEncryption="AES256")["ServerSideEncryption"]
print(json.dumps(seen))
