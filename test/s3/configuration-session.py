"""What a program configures with boto3, and what it reads back; prints what it saw as JSON. The endpoint is in the environment."""
import json
import os
from datetime import datetime, timedelta, timezone

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(s3={"addressing_style": "path"}))
BUCKET = "boto3-configured"
LOCKED = "boto3-locked"
seen = {}


def code_of(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "none"


s3.create_bucket(Bucket=BUCKET)
seen["absent"] = [
    code_of(s3.get_bucket_cors, Bucket=BUCKET),
    code_of(s3.get_bucket_tagging, Bucket=BUCKET),
    code_of(s3.get_bucket_website, Bucket=BUCKET),
    code_of(s3.get_bucket_lifecycle_configuration, Bucket=BUCKET),
    code_of(s3.get_bucket_replication, Bucket=BUCKET),
    code_of(s3.get_object_lock_configuration, Bucket=BUCKET),
    code_of(s3.get_bucket_encryption, Bucket=BUCKET),
]

cors = [
    {
        "AllowedHeaders": ["*"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedOrigins": ["https://a.example"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    }
]
s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": cors})
seen["cors"] = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"] == cors
tags = [{"Key": "team", "Value": "birds + bees"}, {"Key": "ü", "Value": ""}]
s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": tags})
seen["tagging"] = s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == tags
website = {
    "IndexDocument": {"Suffix": "index.html"},
    "ErrorDocument": {"Key": "error.html"},
    "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}}
    ],
}
s3.put_bucket_website(Bucket=BUCKET, WebsiteConfiguration=website)
got = s3.get_bucket_website(Bucket=BUCKET)
seen["website"] = {name: got.get(name) for name in website} == website
rules = [
    {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "b"}], "ObjectSizeGreaterThan": 10}},
        "Expiration": {"Days": 30},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 2},
    },
    {
        "ID": "uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        "Transitions": [{"Days": 60, "StorageClass": "GLACIER"}],
    },
]
s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})
seen["lifecycle"] = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"] == rules
encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]}
s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encryption)
seen["encryption"] = s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"] == encryption
logging = {"LoggingEnabled": {"TargetBucket": BUCKET, "TargetPrefix": "log/"}}
s3.put_bucket_acl(Bucket=BUCKET, ACL="log-delivery-write")
s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus=logging)
seen["logging"] = s3.get_bucket_logging(Bucket=BUCKET)["LoggingEnabled"] == logging["LoggingEnabled"]
notification = {
    "QueueConfigurations": [
        {
            "Id": "hook",
            "QueueArn": "arn:martlet:webhook:::https://hook.example/events",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "Suffix", "Value": ".jpg"}]}},
        }
    ]
}
s3.put_bucket_notification_configuration(
    Bucket=BUCKET, NotificationConfiguration=notification, SkipDestinationValidation=True
)
seen["notification"] = s3.get_bucket_notification_configuration(Bucket=BUCKET)["QueueConfigurations"] == (
    notification["QueueConfigurations"]
)
s3.put_bucket_accelerate_configuration(Bucket=BUCKET, AccelerateConfiguration={"Status": "Suspended"})
seen["accelerate"] = s3.get_bucket_accelerate_configuration(Bucket=BUCKET)["Status"]

s3.put_object(Bucket=BUCKET, Key="logs/o", Body=b"more than ten bytes", Tagging="a=b&c=d%20e")
seen["object tags"] = s3.get_object_tagging(Bucket=BUCKET, Key="logs/o")["TagSet"]
head = s3.head_object(Bucket=BUCKET, Key="logs/o")
seen["expiration"] = 'rule-id="logs"' in head.get("Expiration", "")
s3.put_object_tagging(Bucket=BUCKET, Key="logs/o", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
seen["changed tags"] = s3.get_object_tagging(Bucket=BUCKET, Key="logs/o")["TagSet"]
s3.delete_object_tagging(Bucket=BUCKET, Key="logs/o")
seen["no tags"] = s3.get_object_tagging(Bucket=BUCKET, Key="logs/o")["TagSet"]
seen["too many tags"] = code_of(
    s3.put_object_tagging,
    Bucket=BUCKET,
    Key="logs/o",
    Tagging={"TagSet": [{"Key": str(at), "Value": ""} for at in range(11)]},
)

for delete in (s3.delete_bucket_cors, s3.delete_bucket_tagging, s3.delete_bucket_website, s3.delete_bucket_lifecycle):
    delete(Bucket=BUCKET)
seen["gone"] = code_of(s3.get_bucket_cors, Bucket=BUCKET)

s3.create_bucket(Bucket=LOCKED, ObjectLockEnabledForBucket=True)
rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
s3.put_object_lock_configuration(
    Bucket=LOCKED, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
)
seen["lock"] = s3.get_object_lock_configuration(Bucket=LOCKED)["ObjectLockConfiguration"]["Rule"] == rule
version = s3.put_object(Bucket=LOCKED, Key="o", Body=b"x")["VersionId"]
seen["retention"] = s3.get_object_retention(Bucket=LOCKED, Key="o")["Retention"]["Mode"]
until = (datetime.now(timezone.utc) + timedelta(days=3)).replace(microsecond=0)
s3.put_object_retention(Bucket=LOCKED, Key="o", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until})
seen["longer"] = s3.head_object(Bucket=LOCKED, Key="o")["ObjectLockRetainUntilDate"] == until
s3.put_object_legal_hold(Bucket=LOCKED, Key="o", LegalHold={"Status": "ON"})
seen["hold"] = s3.get_object_legal_hold(Bucket=LOCKED, Key="o")["LegalHold"]["Status"]
seen["held"] = code_of(s3.delete_object, Bucket=LOCKED, Key="o", VersionId=version, BypassGovernanceRetention=True)
s3.put_object_legal_hold(Bucket=LOCKED, Key="o", LegalHold={"Status": "OFF"})
seen["governed"] = code_of(s3.delete_object, Bucket=LOCKED, Key="o", VersionId=version)
seen["bypassed"] = code_of(
    s3.delete_object, Bucket=LOCKED, Key="o", VersionId=version, BypassGovernanceRetention=True
)
print(json.dumps(seen))
