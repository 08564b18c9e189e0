"""One session with boto3, as a program of today has it; prints what it saw as JSON. The endpoint is in the environment."""
import json
import os

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"}))
BUCKET = "boto3-box"
KEYS = ["plain", "a b+c%/ü//x.txt", "dots/../and/./more", "trailing/", "\U0001f426"]
seen = {}


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "none"


s3.create_bucket(Bucket=BUCKET)
seen["buckets"] = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
seen["location"] = s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"]
for key in KEYS:
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), ContentType="text/x-test", Metadata={"colour": "red"})
seen["bodies"] = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == key for key in KEYS]
head = s3.head_object(Bucket=BUCKET, Key=KEYS[1])
seen["head"] = [head["ContentType"], head["Metadata"], head["ContentLength"]]
pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 2})
seen["listed"] = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
folded = s3.list_objects(Bucket=BUCKET, Delimiter="/")
seen["folded"] = [entry["Prefix"] for entry in folded["CommonPrefixes"]]
s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": KEYS[1]})
seen["copy"] = s3.get_object(Bucket=BUCKET, Key="copy")["Metadata"]
seen["range"] = s3.get_object(Bucket=BUCKET, Key="plain", Range="bytes=1-2")["Body"].read().decode()
seen["missing"] = code_of(s3.get_object, Bucket=BUCKET, Key="nothing")
seen["nowhere"] = code_of(s3.list_objects_v2, Bucket="boto3-nowhere")
seen["full"] = code_of(s3.delete_bucket, Bucket=BUCKET)
deleted = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in [*KEYS, "copy"]]})
seen["deleted"] = len(deleted["Deleted"])
s3.delete_bucket(Bucket=BUCKET)
print(json.dumps(seen))
