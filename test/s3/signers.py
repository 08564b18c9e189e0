"""Signs requests in every way that boto3 and boto know; prints what it saw as JSON. The endpoint is in the environment."""
import json
import os
import urllib.error
import urllib.parse
import urllib.request
import warnings

import boto3
from botocore.client import Config

warnings.simplefilter("ignore")
URL = os.environ["AWS_ENDPOINT_URL"]
BUCKET = "signers"
KEYS = ["plain", "a b+c%/ü//x.txt", "trailing/", "!'()*~@:$&=,", "\U0001f426", "%2F%"]
seen = {}


def fetch(url, method="GET", body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def form(fields, data):
    boundary = "boundary-of-a-form"
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n{data}\r\n--{boundary}--\r\n')
    return "".join(parts).encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def with_boto3(signature):
    s3 = boto3.client("s3", endpoint_url=URL, config=Config(signature_version=signature, s3={"addressing_style": "path"}))
    results = {"put": [], "link": [], "link_put": []}
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), Metadata={"colour": "red"}, ContentType="text/x-test")
        results["put"].append(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == key)
        link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key, "ResponseContentType": "text/x-own"})
        results["link"].append(fetch(link) == (200, key))
        link = s3.generate_presigned_url("put_object", {"Bucket": BUCKET, "Key": key, "ContentType": "text/plain"})
        results["link_put"].append(fetch(link, "PUT", b"by link", {"Content-Type": "text/plain"})[0])
    post = s3.generate_presigned_post(
        BUCKET,
        "forms/${filename}",
        Fields={"acl": "private", "success_action_status": "201"},
        Conditions=[{"acl": "private"}, {"success_action_status": "201"}, ["content-length-range", 1, 10]],
    )
    results["form"] = [fetch(post["url"], "POST", *form(post["fields"], data))[0] for data in ("hello", "hello hello")]
    if signature == "s3v4":
        body = b"with a checksum" * 10_000
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            put = s3.put_object(Bucket=BUCKET, Key="checked", Body=body, ChecksumAlgorithm=algorithm)
            head = s3.head_object(Bucket=BUCKET, Key="checked", ChecksumMode="ENABLED")
            results[algorithm] = put["Checksum" + algorithm] == head["Checksum" + algorithm]
    return results


def with_boto():
    import boto
    from boto.s3.connection import OrdinaryCallingFormat, S3Connection

    host = urllib.parse.urlparse(URL)
    connection = S3Connection(
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        is_secure=False,
        host=host.hostname,
        port=host.port,
        calling_format=OrdinaryCallingFormat(),
    )
    bucket = connection.get_bucket(BUCKET)
    results = {"put": [], "link": []}
    for name in KEYS:
        key = bucket.new_key(name)
        key.set_metadata("colour", "red")
        key.set_contents_from_string(name)
        results["put"].append(bucket.get_key(name).get_contents_as_string().decode() == name)
        results["link"].append(fetch(key.generate_url(60))[0])
    return results


def with_sts():
    sts = boto3.client("sts", endpoint_url=URL)
    role = sts.assume_role(RoleArn="arn:aws:iam::test:role/admin", RoleSessionName="session")
    given = {"session": sts.get_session_token(DurationSeconds=900)["Credentials"], "role": role["Credentials"]}
    results = {"identity": sts.get_caller_identity()["Arn"]}
    for name, credentials in given.items():
        for signature in ("s3v4", "s3"):
            s3 = boto3.client(
                "s3",
                endpoint_url=URL,
                config=Config(signature_version=signature, s3={"addressing_style": "path"}),
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )
            s3.put_object(Bucket=BUCKET, Key=name, Body=name.encode())
            link = s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": name})
            post = s3.generate_presigned_post(BUCKET, "session-form")
            results[f"{name} {signature}"] = [fetch(link)[1], fetch(post["url"], "POST", *form(post["fields"], "x"))[0]]
    return results


seen["s3v4"] = with_boto3("s3v4")
seen["s3"] = with_boto3("s3")
seen["boto"] = with_boto()
seen["sts"] = with_sts()
print(json.dumps(seen))
