"""What boto3 does with policies and access lists; prints what it saw as JSON. The endpoint is in the environment."""
import json
import os

import boto3
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError

PATH = {"addressing_style": "path"}
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
BUCKET = "access-box"
seen = {}


def client(user=None, secret=None):
    signature = {} if user else {"signature_version": UNSIGNED}
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        region_name="us-east-1",
        aws_access_key_id=user,
        aws_secret_access_key=secret,
        config=Config(s3=PATH, **signature),
    )


owner = client("test:tester", "testing")
other = client("test2:tester2", "testing2")
nobody = client()


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "none"


def grants_of(answer):
    grants = answer["Grants"]
    return sorted(
        "%s %s" % (grant["Permission"], grant["Grantee"].get("ID") or grant["Grantee"]["URI"].split("/")[-1])
        for grant in grants
    )


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# Lists of buckets.
owner.create_bucket(Bucket=BUCKET, ACL="public-read")
seen["created"] = grants_of(owner.get_bucket_acl(Bucket=BUCKET))
seen["listed by nobody"] = code_of(nobody.list_objects_v2, Bucket=BUCKET)
answer = owner.get_bucket_acl(Bucket=BUCKET)
grant = {"Grantee": {"Type": "CanonicalUser", "ID": "test2:tester2"}, "Permission": "WRITE"}
owner.put_bucket_acl(
    Bucket=BUCKET, AccessControlPolicy={"Owner": answer["Owner"], "Grants": answer["Grants"][:1] + [grant]}
)
seen["put"] = grants_of(owner.get_bucket_acl(Bucket=BUCKET))
seen["listed by nobody now"] = code_of(nobody.list_objects_v2, Bucket=BUCKET)
other.put_object(Bucket=BUCKET, Key="theirs", Body=b"theirs", ACL="bucket-owner-full-control")
seen["theirs"] = grants_of(owner.get_object_acl(Bucket=BUCKET, Key="theirs"))
owner.put_bucket_acl(Bucket=BUCKET, ACL="private")

# Lists of objects.
owner.put_object(Bucket=BUCKET, Key="key", Body=b"text", ACL="public-read", Tagging="state=open")
seen["public object"] = nobody.get_object(Bucket=BUCKET, Key="key")["Body"].read().decode()
before = owner.head_object(Bucket=BUCKET, Key="key")
owner.put_object_acl(Bucket=BUCKET, Key="key", ACL="private")
after = owner.head_object(Bucket=BUCKET, Key="key")
seen["unchanged"] = [before[name] == after[name] for name in ("ETag", "ContentLength")]
seen["private object"] = code_of(nobody.get_object, Bucket=BUCKET, Key="key")

# Policies.
seen["no policy"] = code_of(owner.get_bucket_policy, Bucket=BUCKET)
tagged = {
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::test2:user/tester2"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::%s/*" % BUCKET,
    "Condition": {"StringEquals": {"s3:ExistingObjectTag/state": "open"}},
}
owner.put_bucket_policy(Bucket=BUCKET, Policy=policy(tagged))
seen["policy"] = json.loads(owner.get_bucket_policy(Bucket=BUCKET)["Policy"]) == json.loads(policy(tagged))
seen["by tag"] = [code_of(who.get_object, Bucket=BUCKET, Key="key") for who in (other, nobody)]
owner.put_object_tagging(
    Bucket=BUCKET, Key="key", Tagging={"TagSet": [{"Key": "state", "Value": "closed"}]}
)
seen["by other tag"] = code_of(other.get_object, Bucket=BUCKET, Key="key")
seen["status"] = owner.get_bucket_policy_status(Bucket=BUCKET)["PolicyStatus"]["IsPublic"]
encrypted = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::%s/*" % BUCKET,
    "Condition": {"StringNotEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
}
owner.put_bucket_policy(Bucket=BUCKET, Policy=policy(encrypted))
seen["put without"] = code_of(owner.put_object, Bucket=BUCKET, Key="a", Body=b"")
seen["put with"] = code_of(owner.put_object, Bucket=BUCKET, Key="a", Body=b"", ACL="bucket-owner-full-control")
seen["malformed"] = code_of(owner.put_bucket_policy, Bucket=BUCKET, Policy="{}")
owner.delete_bucket_policy(Bucket=BUCKET)

# Blocks and ownership.
seen["no block"] = code_of(owner.get_public_access_block, Bucket=BUCKET)
names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
owner.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(names, True))
block = owner.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
seen["block"] = [block[name] for name in names]
seen["blocked list"] = code_of(owner.put_bucket_acl, Bucket=BUCKET, ACL="public-read")
everyone = dict(tagged, Principal="*", Condition={})
seen["blocked policy"] = code_of(owner.put_bucket_policy, Bucket=BUCKET, Policy=policy(everyone))
owner.delete_public_access_block(Bucket=BUCKET)
rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
owner.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls=rules)
seen["ownership"] = owner.get_bucket_ownership_controls(Bucket=BUCKET)["OwnershipControls"] == rules
seen["lists disabled"] = code_of(owner.put_object_acl, Bucket=BUCKET, Key="key", ACL="public-read")
owner.delete_bucket_ownership_controls(Bucket=BUCKET)
seen["no ownership"] = code_of(owner.get_bucket_ownership_controls, Bucket=BUCKET)
seen["other owner"] = code_of(owner.head_bucket, Bucket=BUCKET, ExpectedBucketOwner="test2:tester2")
owner.put_bucket_request_payment(Bucket=BUCKET, RequestPaymentConfiguration={"Payer": "Requester"})
seen["payer"] = owner.get_bucket_request_payment(Bucket=BUCKET)["Payer"]

# The block of a whole account. The client puts its id before the host's name, which leads nowhere here.
control = boto3.client(
    "s3control",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id="test:tester",
    aws_secret_access_key="testing",
)
control.meta.events.register(
    "before-sign.s3-control", lambda request, **_: setattr(request, "url", request.url.replace("//test.", "//"))
)
blocked = {
    name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
}
seen["no account block"] = code_of(control.get_public_access_block, AccountId="test")
control.put_public_access_block(AccountId="test", PublicAccessBlockConfiguration=blocked)
answer = control.get_public_access_block(AccountId="test")
seen["account block"] = answer["PublicAccessBlockConfiguration"] == blocked
seen["blocked in the account"] = code_of(owner.put_bucket_acl, Bucket=BUCKET, ACL="public-read")
control.delete_public_access_block(AccountId="test")

# Temporary credentials within a policy of their own.
sts = boto3.client(
    "sts",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id="test:tester",
    aws_secret_access_key="testing",
)
reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/*" % BUCKET}
role = sts.assume_role(
    RoleArn="arn:aws:iam::test:role/admin", RoleSessionName="reading", Policy=policy(reads)
)["Credentials"]
session = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id=role["AccessKeyId"],
    aws_secret_access_key=role["SecretAccessKey"],
    aws_session_token=role["SessionToken"],
    config=Config(s3=PATH),
)
seen["session reads"] = code_of(session.get_object, Bucket=BUCKET, Key="key")
seen["session writes"] = code_of(session.put_object, Bucket=BUCKET, Key="key", Body=b"")
print(json.dumps(seen))
