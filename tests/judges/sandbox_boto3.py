#!/usr/bin/env python3
"""Drives lifeboat-sandbox with boto3: S3, IAM and STS, field by field.

usage: sandbox_boto3.py PATH/lifeboat-sandbox

boto3 is the judge: it signs every request itself and must parse every answer without loss.
Ends with `N passed, N failed, N skipped`; the exit status is 1 when something failed.
"""
import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import urllib.request
import zlib

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    print("boto3 is not installed")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

EAST, WEST, ACCOUNT = "us-east-1", "us-west-2", "111122223333"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


class Sandbox:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *options], stdout=subprocess.PIPE, text=True)
        self.env = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.removeprefix("export ").strip().partition("=")
            self.env[name] = value
        self.url = self.env["AWS_ENDPOINT_URL"]
        self.port = int(self.url.rsplit(":", 1)[1])

    def client(self, service, region=EAST, key=None, secret=None, token=None):
        config = botocore.config.Config(
            retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5, read_timeout=20,
            s3={"addressing_style": "path"})
        return boto3.client(
            service, region_name=region, endpoint_url=self.url, config=config,
            aws_access_key_id=key or self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=token)

    def control(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return answer.read().decode()

    def advance(self, duration):
        self.control("POST", "clock", {"advance": duration})

    def calls(self):
        return [json.loads(line) for line in self.control("GET", "calls").splitlines()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def fails(code, call, *args, **kwargs):
    """The call must be refused with that code; returns the error's response."""
    try:
        call(*args, **kwargs)
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"{got} instead of {code}: {error}"
        return error.response
    raise AssertionError(f"{code} was expected, the call succeeded")


def equal(got, wanted):
    assert got == wanted, f"\n  got    {got!r}\n  wanted {wanted!r}"


def statement(**fields):
    return {"Version": "2012-10-17", "Statement": [fields]}


def trust(service="s3.amazonaws.com"):
    return json.dumps(statement(Effect="Allow", Principal={"Service": service},
                                Action="sts:AssumeRole"))


_names = iter(range(1, 1000))


def bucket(box, region=EAST, versioned=False, **extra):
    s3 = box.client("s3", region)
    name = f"bucket-{next(_names)}"
    if region != EAST:
        extra.setdefault("CreateBucketConfiguration", {})["LocationConstraint"] = region
    s3.create_bucket(Bucket=name, **extra)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3, name


# --- STS and signatures ---------------------------------------------------------------------------------

@check
def caller_identity(box):
    answer = box.client("sts").get_caller_identity()
    equal(answer["Account"], ACCOUNT)
    equal(answer["Arn"], f"arn:aws:iam::{ACCOUNT}:user/sandbox")


@check
def wrong_secret_is_refused_by_each_service(box):
    fails("SignatureDoesNotMatch", box.client("sts", secret="wrong").get_caller_identity)
    fails("SignatureDoesNotMatch", box.client("iam", secret="wrong").list_roles)
    fails("SignatureDoesNotMatch", box.client("s3", secret="wrong").list_buckets)
    equal(box.calls()[-1]["signature"], "bad")


@check
def unknown_key_is_refused_in_the_services_words(box):
    fails("InvalidClientTokenId", box.client("sts", key="AKIAUNKNOWN").get_caller_identity)
    fails("InvalidClientTokenId", box.client("iam", key="AKIAUNKNOWN").list_roles)
    fails("InvalidAccessKeyId", box.client("s3", key="AKIAUNKNOWN").list_buckets)


@check
def global_services_want_their_region(box):
    fails("SignatureDoesNotMatch", raw_query, box, "iam", WEST, "ListRoles")


@check
def a_changed_body_is_refused(box):
    headers = sign(box, "POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15", "sts")
    status, text = send(box, "POST", "/", b"Action=GetCallerIdentity&Version=2099-06-15", headers)
    equal(status, 403)
    assert "SignatureDoesNotMatch" in text, text


@check
def an_old_signature_is_refused(box):
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
    status, text = send(box, "GET", "/", b"", sign(box, "GET", "/", b"", "s3", at=past))
    equal(status, 403)
    assert "RequestTimeTooSkewed" in text, text


@check
def a_signature_without_host_is_refused(box):
    headers = sign(box, "GET", "/", b"", "s3")
    headers["Authorization"] = headers["Authorization"].replace("host;", "")
    equal(send(box, "GET", "/", b"", headers)[0], 403)


@check
def unsigned_calls_are_refused(box):
    _, name = bucket(box)
    for method, path in (("GET", f"/{name}/key"), ("PUT", f"/{name}/key"), ("GET", f"/{name}")):
        status, text = send(box, method, path, b"", {})
        equal(status, 403)
        assert "AccessDenied" in text, text
    status, text = send(box, "POST", "/", b"Action=ListRoles&Version=2010-05-08", {})
    equal(status, 403)
    assert "MissingAuthenticationToken" in text, text


@check
def assumed_roles_call_and_expire(box):
    iam, sts = box.client("iam"), box.client("sts")
    document = json.dumps(statement(Effect="Allow", Principal={"AWS": ACCOUNT},
                                    Action="sts:AssumeRole",
                                    Condition={"StringEquals": {"sts:ExternalId": "ext"}}))
    arn = iam.create_role(RoleName="operator", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    fails("AccessDenied", sts.assume_role, RoleArn=arn, RoleSessionName="ci")
    fails("ValidationError", sts.assume_role, RoleArn=arn, RoleSessionName="ci", ExternalId="ext",
          DurationSeconds=7200)
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="ci", ExternalId="ext")
    made = answer["Credentials"]
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":ci")
    other = box.client("sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"],
                       token=made["SessionToken"])
    equal(other.get_caller_identity()["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/ci")
    fails("InvalidClientTokenId", box.client("sts", key=made["AccessKeyId"],
                                             secret=made["SecretAccessKey"],
                                             token="forged").get_caller_identity)
    box.advance("61m")
    fails("ExpiredToken", other.get_caller_identity)
    s3 = box.client("s3", key=made["AccessKeyId"], secret=made["SecretAccessKey"],
                    token=made["SessionToken"])
    fails("ExpiredToken", s3.list_buckets)


@check
def web_identities_assume_without_a_signature(box):
    document = json.dumps(statement(
        Effect="Allow", Action="sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com"}))
    arn = box.client("iam").create_role(RoleName="web",
                                        AssumeRolePolicyDocument=document)["Role"]["Arn"]
    config = botocore.config.Config(signature_version=botocore.UNSIGNED)
    sts = boto3.client("sts", region_name=EAST, endpoint_url=box.url, config=config)
    made = sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="job",
                                             WebIdentityToken="header.body.sig")["Credentials"]
    other = box.client("sts", key=made["AccessKeyId"], secret=made["SecretAccessKey"],
                       token=made["SessionToken"])
    equal(other.get_caller_identity()["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/web/job")


# --- IAM -----------------------------------------------------------------------------------------------

@check
def role_comes_back_field_by_field(box):
    iam = box.client("iam")
    tags = [{"Key": "lifeboat:stack", "Value": "a b/ü=1"}, {"Key": "x", "Value": ""}]
    made = iam.create_role(
        RoleName="full", Path="/lifeboat/", AssumeRolePolicyDocument=trust(),
        Description="Snapshots, d'été", MaxSessionDuration=7200,
        PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/edge", Tags=tags)["Role"]
    role = iam.get_role(RoleName="full")["Role"]
    equal(role.pop("RoleLastUsed"), {})
    equal(role, made)
    equal(role["Arn"], f"arn:aws:iam::{ACCOUNT}:role/lifeboat/full")
    equal(role["AssumeRolePolicyDocument"], json.loads(trust()))
    equal((role["Description"], role["MaxSessionDuration"]), ("Snapshots, d'été", 7200))
    equal(role["PermissionsBoundary"]["PermissionsBoundaryArn"],
          f"arn:aws:iam::{ACCOUNT}:policy/edge")
    equal(role["Tags"], tags)
    assert role["RoleId"].startswith("AROA") and len(role["RoleId"]) == 21
    fails("EntityAlreadyExists", iam.create_role, RoleName="full",
          AssumeRolePolicyDocument=trust())
    listed = [r for r in iam.list_roles(PathPrefix="/lifeboat/")["Roles"]]
    equal([r["RoleName"] for r in listed], ["full"])
    assert "Tags" not in listed[0] and "PermissionsBoundary" not in listed[0]
    equal(listed[0]["Description"], "Snapshots, d'été")


@check
def role_is_changed_and_deleted(box):
    iam = box.client("iam")
    iam.create_role(RoleName="change", AssumeRolePolicyDocument=trust())
    iam.update_role(RoleName="change", Description="new", MaxSessionDuration=3600)
    iam.update_assume_role_policy(RoleName="change", PolicyDocument=trust("es.amazonaws.com"))
    role = iam.get_role(RoleName="change")["Role"]
    equal(role["Description"], "new")
    equal(role["AssumeRolePolicyDocument"], json.loads(trust("es.amazonaws.com")))
    policy = json.dumps(statement(Effect="Allow", Action=["s3:GetObject"], Resource="*"))
    iam.put_role_policy(RoleName="change", PolicyName="p 1", PolicyDocument=policy)
    iam.put_role_policy(RoleName="change", PolicyName="p0", PolicyDocument=policy)
    equal(iam.list_role_policies(RoleName="change")["PolicyNames"], ["p 1", "p0"])
    got = iam.get_role_policy(RoleName="change", PolicyName="p 1")
    equal(got["PolicyDocument"], json.loads(policy))
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_role_policy(RoleName="change", PolicyArn=managed)
    iam.attach_role_policy(RoleName="change", PolicyArn=managed)
    equal(iam.list_attached_role_policies(RoleName="change")["AttachedPolicies"],
          [{"PolicyName": "ReadOnlyAccess", "PolicyArn": managed}])
    fails("DeleteConflict", iam.delete_role, RoleName="change")
    iam.delete_role_policy(RoleName="change", PolicyName="p 1")
    iam.delete_role_policy(RoleName="change", PolicyName="p0")
    fails("NoSuchEntity", iam.delete_role_policy, RoleName="change", PolicyName="p0")
    fails("NoSuchEntity", iam.get_role_policy, RoleName="change", PolicyName="p0")
    fails("DeleteConflict", iam.delete_role, RoleName="change")
    iam.detach_role_policy(RoleName="change", PolicyArn=managed)
    fails("NoSuchEntity", iam.detach_role_policy, RoleName="change", PolicyArn=managed)
    iam.put_role_permissions_boundary(RoleName="change", PermissionsBoundary=managed)
    assert "PermissionsBoundary" in iam.get_role(RoleName="change")["Role"]
    iam.delete_role_permissions_boundary(RoleName="change")
    fails("NoSuchEntity", iam.delete_role_permissions_boundary, RoleName="change")
    iam.tag_role(RoleName="change", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName="change", TagKeys=["a"])
    equal(iam.list_role_tags(RoleName="change")["Tags"], [{"Key": "b", "Value": "2"}])
    iam.delete_role(RoleName="change")
    fails("NoSuchEntity", iam.get_role, RoleName="change")


@check
def malformed_policies_are_refused(box):
    iam = box.client("iam")
    iam.create_role(RoleName="bad", AssumeRolePolicyDocument=trust())
    box.control("POST", "settings", {"iam_strict_principals": 1})
    good = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    for document in ("{", json.dumps({"Statement": []}), json.dumps({"Version": "2020-01-01",
                     "Statement": [good]}), json.dumps(statement(**{**good, "Efect": "x"})),
                     json.dumps(statement(**{**good, "Effect": "Maybe"})),
                     json.dumps(statement(**{**good, "Principal": "*"})),
                     json.dumps(statement(Effect="Allow", Action="s3:*"))):
        fails("MalformedPolicyDocument", iam.put_role_policy, RoleName="bad", PolicyName="p",
              PolicyDocument=document)
    for document in (json.dumps(statement(**good)),
                     json.dumps(statement(Effect="Allow", Action="sts:AssumeRole",
                                          Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/none"})),
                     json.dumps(statement(Effect="Allow", Action="sts:AssumeRole",
                                          Principal={"Aws": "*"}))):
        fails("MalformedPolicyDocument", iam.create_role, RoleName="other",
              AssumeRolePolicyDocument=document)


@check
def a_deleted_principal_turns_into_its_id(box):
    iam = box.client("iam")
    gone = iam.create_role(RoleName="gone", AssumeRolePolicyDocument=trust())["Role"]
    iam.create_role(RoleName="truster", AssumeRolePolicyDocument=json.dumps(
        statement(Effect="Allow", Action="sts:AssumeRole", Principal={"AWS": gone["Arn"]})))
    iam.delete_role(RoleName="gone")
    document = iam.get_role(RoleName="truster")["Role"]["AssumeRolePolicyDocument"]
    equal(document["Statement"][0]["Principal"]["AWS"], gone["RoleId"])


@check
def account_details_lack_description_and_duration(box):
    iam = box.client("iam")
    iam.create_role(RoleName="details", AssumeRolePolicyDocument=trust(), Description="hidden",
                    Tags=[{"Key": "k", "Value": "v"}])
    policy = statement(Effect="Allow", Action="s3:*", Resource="*")
    iam.put_role_policy(RoleName="details", PolicyName="in", PolicyDocument=json.dumps(policy))
    iam.attach_role_policy(RoleName="details", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    for i in range(5):
        iam.create_role(RoleName=f"page{i}", AssumeRolePolicyDocument=trust())
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["Role"], PaginationConfig={"PageSize": 2}))
    assert len(pages) > 2
    roles = {r["RoleName"]: r for page in pages for r in page["RoleDetailList"]}
    role = roles["details"]
    equal(role["RolePolicyList"], [{"PolicyName": "in", "PolicyDocument": policy}])
    equal(role["AttachedManagedPolicies"][0]["PolicyName"], "ReadOnlyAccess")
    equal(role["Tags"], [{"Key": "k", "Value": "v"}])
    assert "Description" not in role and "MaxSessionDuration" not in role
    names = [r["RoleName"] for page in iam.get_paginator("list_roles").paginate(
        PaginationConfig={"PageSize": 2}) for r in page["Roles"]]
    equal(len(names), len(set(names)))
    assert set(roles) == set(names)


@check
def service_linked_role_is_made_once(box):
    iam = box.client("iam")
    name = iam.create_service_linked_role(
        AWSServiceName="opensearchservice.amazonaws.com")["Role"]["RoleName"]
    equal(name, "AWSServiceRoleForAmazonOpenSearchService")
    fails("InvalidInput", iam.create_service_linked_role,
          AWSServiceName="opensearchservice.amazonaws.com")
    fails("UnmodifiableEntity", iam.delete_role, RoleName=name)


# --- S3: buckets and their configuration ------------------------------------------------------------------

@check
def new_bucket_has_the_defaults_of_aws(box):
    s3, name = bucket(box, WEST, CreateBucketConfiguration={
        "Tags": [{"Key": "lifeboat:stack", "Value": "x"}]})
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    equal(rule["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
    equal(rule["BucketKeyEnabled"], False)
    equal(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
          dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy",
                         "RestrictPublicBuckets"), True))
    equal(s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"],
          {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    versioning = s3.get_bucket_versioning(Bucket=name)
    assert "Status" not in versioning
    equal(s3.get_bucket_location(Bucket=name)["LocationConstraint"], WEST)
    equal(s3.get_bucket_tagging(Bucket=name)["TagSet"],
          [{"Key": "lifeboat:stack", "Value": "x"}])
    notification = s3.get_bucket_notification_configuration(Bucket=name)
    notification.pop("ResponseMetadata")
    equal(notification, {})
    equal(s3.head_bucket(Bucket=name)["BucketRegion"], WEST)
    equal(s3.get_bucket_acl(Bucket=name)["Grants"][0]["Permission"], "FULL_CONTROL")
    for code, call in (("NoSuchBucketPolicy", s3.get_bucket_policy),
                       ("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration),
                       ("ReplicationConfigurationNotFoundError", s3.get_bucket_replication),
                       ("NoSuchCORSConfiguration", s3.get_bucket_cors),
                       ("NoSuchWebsiteConfiguration", s3.get_bucket_website),
                       ("ObjectLockConfigurationNotFoundError",
                        s3.get_object_lock_configuration)):
        fails(code, call, Bucket=name)
    assert name in [b["Name"] for b in s3.list_buckets()["Buckets"]]


@check
def buckets_are_made_once_and_deleted_empty(box):
    east, name = bucket(box)
    east.create_bucket(Bucket=name)
    west, other = bucket(box, WEST)
    fails("BucketAlreadyOwnedByYou", west.create_bucket, Bucket=other,
          CreateBucketConfiguration={"LocationConstraint": WEST})
    fails("IllegalLocationConstraintException", west.create_bucket, Bucket="third-bucket")
    fails("InvalidBucketName", east.create_bucket, Bucket="ab")
    east.put_object(Bucket=name, Key="k", Body=b"x")
    fails("BucketNotEmpty", east.delete_bucket, Bucket=name)
    east.delete_object(Bucket=name, Key="k")
    east.delete_bucket(Bucket=name)
    fails("NoSuchBucket", east.list_objects_v2, Bucket=name)
    fails("404", east.head_bucket, Bucket=name)


@check
def wrong_region_and_owner(box):
    west, name = bucket(box, WEST)
    status, text, headers = send(box, "GET", f"/{name}", b"",
                                 sign(box, "GET", f"/{name}", b"", "s3"), with_headers=True)
    equal((status, headers["x-amz-bucket-region"]), (301, WEST))
    assert "PermanentRedirect" in text
    host = f"{name}.s3.{WEST}.amazonaws.com"
    status, text = send(box, "GET", "/", b"", sign(box, "GET", "/", b"", "s3", host=host))
    equal(status, 400)
    assert "AuthorizationHeaderMalformed" in text and WEST in text
    # boto3 finds the region by itself, as users rely on.
    equal(box.client("s3").list_objects_v2(Bucket=name)["KeyCount"], 0)
    equal(box.client("s3").get_bucket_location(Bucket=name)["LocationConstraint"], WEST)
    west.get_bucket_versioning(Bucket=name, ExpectedBucketOwner=ACCOUNT)
    fails("AccessDenied", west.get_bucket_versioning, Bucket=name,
          ExpectedBucketOwner="999999999999")


@check
def virtual_hosts_name_the_bucket(box):
    s3, name = bucket(box, WEST)
    s3.put_object(Bucket=name, Key="a/b", Body=b"by host")
    for host in (f"{name}.s3.{WEST}.amazonaws.com", f"{name}.s3.amazonaws.com"):
        headers = sign(box, "GET", "/a/b", b"", "s3", host=host, region=WEST)
        equal(send(box, "GET", "/a/b", b"", headers), (200, "by host"))


@check
def config_documents_round_trip(box):
    s3, name = bucket(box, versioned=True)
    equal(s3.get_bucket_versioning(Bucket=name)["Status"], "Enabled")
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {
        "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"arn:aws:kms:{EAST}:{ACCOUNT}:key/1"},
        "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=kms)
    got = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    equal(got, kms)
    s3.delete_bucket_encryption(Bucket=name)
    got = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
    equal(got["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True,
             "RestrictPublicBuckets": False}
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    equal(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"], block)
    s3.delete_public_access_block(Bucket=name)
    fails("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=name)
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=controls)
    equal(s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"], controls)
    s3.delete_bucket_ownership_controls(Bucket=name)
    fails("OwnershipControlsNotFoundError", s3.get_bucket_ownership_controls, Bucket=name)
    tags = {"TagSet": [{"Key": "a", "Value": "<&>"}, {"Key": "b", "Value": ""}]}
    s3.put_bucket_tagging(Bucket=name, Tagging=tags)
    equal(s3.get_bucket_tagging(Bucket=name)["TagSet"], tags["TagSet"])
    fails("InvalidTag", s3.put_bucket_tagging, Bucket=name,
          Tagging={"TagSet": [{"Key": "aws:x", "Value": ""}]})
    s3.delete_bucket_tagging(Bucket=name)
    fails("NoSuchTagSet", s3.get_bucket_tagging, Bucket=name)
    target = {"TopicConfigurations": [{"Id": "n", "TopicArn": f"arn:aws:sns:{EAST}:{ACCOUNT}:t",
              "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
              "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "x/"}]}}}],
              "EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=target)
    got = s3.get_bucket_notification_configuration(Bucket=name)
    got.pop("ResponseMetadata")
    equal(got, target)
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={})
    assert "TopicConfigurations" not in s3.get_bucket_notification_configuration(Bucket=name)


@check
def config_writes_need_a_checksum(box):
    _, name = bucket(box)
    body = (b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<Status>Enabled</Status></VersioningConfiguration>")
    path = f"/{name}?versioning="
    status, text = send(box, "PUT", path, body, sign(box, "PUT", path, body, "s3"))
    equal(status, 400)
    assert "InvalidRequest" in text and "Content-MD5" in text, text
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    headers = sign(box, "PUT", path, body, "s3", {"content-md5": md5})
    status, text = send(box, "PUT", path, body, headers)
    assert status == 400 and "BadDigest" in text, text
    for extra in ({"content-md5": base64.b64encode(hashlib.md5(body).digest()).decode()},
                  {"x-amz-checksum-sha256":
                   base64.b64encode(hashlib.sha256(body).digest()).decode()},
                  {"x-amz-checksum-crc32":
                   base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()}):
        headers = sign(box, "PUT", path, body, "s3", extra)
        equal(send(box, "PUT", path, body, headers)[0], 200)


@check
def bucket_policy_is_checked(box):
    s3, name = bucket(box)
    box.control("POST", "settings", {"iam_strict_principals": 1})
    arn = f"arn:aws:s3:::{name}"
    role = box.client("iam").create_role(RoleName="reader",
                                         AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    good = statement(Sid="a", Effect="Allow", Principal={"AWS": role}, Action=["s3:GetObject"],
                     Resource=[f"{arn}/*"], Condition={"Bool": {"aws:SecureTransport": "true"}})
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(good))
    equal(json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]), good)
    equal(s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"], False)
    for bad in ({**good, "Statement": [{**good["Statement"][0], "Resource": "arn:aws:s3:::else/*"}]},
                {**good, "Statement": [{**good["Statement"][0],
                                        "Principal": {"AWS": role + "-missing"}}]}, "{"):
        fails("MalformedPolicy", s3.put_bucket_policy, Bucket=name,
              Policy=bad if isinstance(bad, str) else json.dumps(bad))
    public = statement(Effect="Allow", Principal="*", Action="s3:GetObject",
                       Resource=f"{arn}/open/*")
    fails("AccessDenied", s3.put_bucket_policy, Bucket=name, Policy=json.dumps(public))
    s3.delete_public_access_block(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(public))
    s3.put_object(Bucket=name, Key="open/a", Body=b"seen")
    s3.put_object(Bucket=name, Key="shut/a", Body=b"hidden")
    equal(send(box, "GET", f"/{name}/open/a", b"", {}), (200, "seen"))
    equal(send(box, "GET", f"/{name}/shut/a", b"", {})[0], 403)
    equal(send(box, "PUT", f"/{name}/open/a", b"x", {})[0], 403)
    s3.delete_bucket_policy(Bucket=name)
    equal(send(box, "GET", f"/{name}/open/a", b"", {})[0], 403)
    fails("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=name)


RULES = [
    {"ID": "purge", "Status": "Enabled", "Filter": {"Prefix": "auto-purge/"},
     "Expiration": {"Days": 7}},
    {"ID": "old", "Status": "Disabled",
     "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"},
                                                  {"Key": "k2", "Value": ""}],
                        "ObjectSizeGreaterThan": 1000}},
     "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
     "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"},
                     {"Days": 90, "StorageClass": "GLACIER"}]},
    {"ID": "all", "Status": "Enabled", "Filter": {},
     "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
     "Expiration": {"ExpiredObjectDeleteMarker": True}},
    {"ID": "legacy", "Status": "Enabled", "Prefix": "p/", "Expiration": {"Days": 1}},
]


@check
def lifecycle_round_trips_and_is_checked(box):
    s3, name = bucket(box)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": RULES})
    got = s3.get_bucket_lifecycle_configuration(Bucket=name)
    equal(sorted(got["Rules"], key=lambda r: r["ID"]), sorted(
        [r if r["ID"] != "all" else {**r, "Filter": {}} for r in RULES], key=lambda r: r["ID"]))
    equal(got["TransitionDefaultMinimumObjectSize"], "all_storage_classes_128K")

    def refused(code, *rules):
        fails(code, s3.put_bucket_lifecycle_configuration, Bucket=name,
              LifecycleConfiguration={"Rules": list(rules)})
    base = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}}
    refused("InvalidRequest", base)
    refused("InvalidArgument", {**base, "Expiration": {"Days": 0}})
    refused("MalformedXML", {**base, "Prefix": "p", "Expiration": {"Days": 1}})
    refused("MalformedXML", {"Status": "Enabled", "Expiration": {"Days": 1}})
    refused("MalformedXML", {**base, "Filter": {"Prefix": "a", "Tag": {"Key": "k", "Value": "v"}},
                             "Expiration": {"Days": 1}})
    refused("MalformedXML", {**base, "Status": "On", "Expiration": {"Days": 1}})
    refused("MalformedXML", {**base, "Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}})
    good = {**base, "Expiration": {"Days": 1}}
    refused("InvalidArgument", good, good)
    del good["ID"]
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [good]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["ID"]
    s3.delete_bucket_lifecycle(Bucket=name)
    fails("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=name)


@check
def config_reads_flap_when_asked(box):
    s3, name = bucket(box)
    box.control("POST", "settings", {"s3_config_flap": 3})
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    seen = []
    for _ in range(5):
        try:
            seen.append(len(s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]))
        except botocore.exceptions.ClientError:
            seen.append(0)
    box.control("POST", "settings", {"s3_config_flap": 0})
    equal(seen, [0, 1, 0, 1, 1])


# --- S3: objects ---------------------------------------------------------------------------------------

@check
def object_round_trips(box):
    s3, name = bucket(box)
    body = bytes(range(256)) * 40
    key = "a dir/ü+%~'()*!&=$@:,;/\u20ac"
    put = s3.put_object(Bucket=name, Key=key, Body=body, ContentType="x/y", CacheControl="no-store",
                        Metadata={"one": "1", "two": "b c"}, Tagging="k=v%20w&l=m",
                        StorageClass="STANDARD_IA")
    equal(put["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
    got = s3.get_object(Bucket=name, Key=key)
    equal(got["Body"].read(), body)
    equal((got["ContentType"], got["CacheControl"]), ("x/y", "no-store"))
    equal(got["Metadata"], {"one": "1", "two": "b c"})
    equal((got["StorageClass"], got["TagCount"], got["ETag"]), ("STANDARD_IA", 2, put["ETag"]))
    assert "VersionId" not in got
    head = s3.head_object(Bucket=name, Key=key)
    equal(head["ContentLength"], len(body))
    equal(head["LastModified"], got["LastModified"])
    part = s3.get_object(Bucket=name, Key=key, Range="bytes=10-19")
    equal((part["Body"].read(), part["ContentRange"]),
          (body[10:20], f"bytes 10-19/{len(body)}"))
    equal(s3.get_object(Bucket=name, Key=key, Range="bytes=-5")["Body"].read(), body[-5:])
    equal(s3.get_object(Bucket=name, Key=key, Range="bytes=10235-")["Body"].read(), body[10235:])
    fails("InvalidRange", s3.get_object, Bucket=name, Key=key, Range="bytes=99999-")
    equal(s3.get_object_tagging(Bucket=name, Key=key)["TagSet"],
          [{"Key": "k", "Value": "v w"}, {"Key": "l", "Value": "m"}])
    s3.put_object_tagging(Bucket=name, Key=key, Tagging={"TagSet": [{"Key": "n", "Value": "1"}]})
    equal(s3.get_object_tagging(Bucket=name, Key=key)["TagSet"], [{"Key": "n", "Value": "1"}])
    s3.delete_object_tagging(Bucket=name, Key=key)
    equal(s3.get_object_tagging(Bucket=name, Key=key)["TagSet"], [])
    equal([o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]], [key])
    s3.put_object(Bucket=name, Key="empty")
    equal(s3.get_object(Bucket=name, Key="empty")["Body"].read(), b"")
    fails("NoSuchKey", s3.get_object, Bucket=name, Key="absent")
    fails("404", s3.head_object, Bucket=name, Key="absent")
    s3.delete_object(Bucket=name, Key="absent")


@check
def checksums_are_verified_and_given_back(box):
    s3, name = bucket(box)
    body = b"123456789"
    for algorithm, wanted in (("CRC32", "y/Q5Jg=="), ("SHA256", base64.b64encode(
            hashlib.sha256(body).digest()).decode()), ("SHA1", base64.b64encode(
            hashlib.sha1(body).digest()).decode())):
        put = s3.put_object(Bucket=name, Key=algorithm, Body=body, ChecksumAlgorithm=algorithm)
        equal(put[f"Checksum{algorithm}"], wanted)
        head = s3.head_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
        equal((head[f"Checksum{algorithm}"], head["ChecksumType"]), (wanted, "FULL_OBJECT"))
    # Check values of the two that botocore cannot compute without an extension library.
    s3.put_object(Bucket=name, Key="c", Body=body, ChecksumCRC32C="4waSgw==")
    s3.put_object(Bucket=name, Key="n", Body=body, ChecksumCRC64NVME="rosUhgp5mIg=")
    fails("BadDigest", s3.put_object, Bucket=name, Key="bad", Body=body, ChecksumCRC32="AAAAAA==")
    fails("BadDigest", s3.put_object, Bucket=name, Key="bad", Body=body, ChecksumCRC32C="AAAAAA==")


@check
def conditional_writes_and_reads(box):
    s3, name = bucket(box)
    etag = s3.put_object(Bucket=name, Key="lock", Body=b"1", IfNoneMatch="*")["ETag"]
    fails("PreconditionFailed", s3.put_object, Bucket=name, Key="lock", Body=b"2", IfNoneMatch="*")
    fails("PreconditionFailed", s3.put_object, Bucket=name, Key="lock", Body=b"2",
          IfMatch='"00000000000000000000000000000000"')
    fails("NoSuchKey", s3.put_object, Bucket=name, Key="none", Body=b"2", IfMatch=etag)
    etag = s3.put_object(Bucket=name, Key="lock", Body=b"2", IfMatch=etag)["ETag"]
    fails("304", s3.get_object, Bucket=name, Key="lock", IfNoneMatch=etag)
    fails("PreconditionFailed", s3.get_object, Bucket=name, Key="lock", IfMatch='"x"')
    fails("PreconditionFailed", s3.delete_object, Bucket=name, Key="lock", IfMatch='"x"')
    s3.delete_object(Bucket=name, Key="lock", IfMatch=etag)
    s3.put_object(Bucket=name, Key="lock", Body=b"3", IfNoneMatch="*")


@check
def versions_and_delete_markers(box):
    s3, name = bucket(box, versioned=True)
    ids = [s3.put_object(Bucket=name, Key="k", Body=b"%d" % i)["VersionId"] for i in range(3)]
    equal(s3.get_object(Bucket=name, Key="k", VersionId=ids[0])["Body"].read(), b"0")
    gone = s3.delete_object(Bucket=name, Key="k")
    equal(gone["DeleteMarker"], True)
    error = fails("NoSuchKey", s3.get_object, Bucket=name, Key="k")
    equal(error["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"], "true")
    fails("MethodNotAllowed", s3.get_object, Bucket=name, Key="k", VersionId=gone["VersionId"])
    fails("NoSuchVersion", s3.get_object, Bucket=name, Key="k", VersionId="nothing")
    assert "Contents" not in s3.list_objects_v2(Bucket=name)
    listed = s3.list_object_versions(Bucket=name)
    equal([v["VersionId"] for v in listed["Versions"]], ids[::-1])
    equal([v["IsLatest"] for v in listed["Versions"]], [False] * 3)
    equal([(m["VersionId"], m["IsLatest"]) for m in listed["DeleteMarkers"]],
          [(gone["VersionId"], True)])
    fails("BucketNotEmpty", s3.delete_bucket, Bucket=name)
    undone = s3.delete_object(Bucket=name, Key="k", VersionId=gone["VersionId"])
    equal((undone["DeleteMarker"], undone["VersionId"]), (True, gone["VersionId"]))
    equal(s3.get_object(Bucket=name, Key="k")["Body"].read(), b"2")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
    equal(s3.put_object(Bucket=name, Key="k", Body=b"null")["VersionId"], "null")
    s3.put_object(Bucket=name, Key="k", Body=b"null again")
    equal([v["VersionId"] for v in s3.list_object_versions(Bucket=name)["Versions"]],
          ["null"] + ids[::-1])
    pages = s3.get_paginator("list_object_versions").paginate(
        Bucket=name, PaginationConfig={"PageSize": 1})
    equal([v["VersionId"] for p in pages for v in p.get("Versions", [])], ["null"] + ids[::-1])
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [
        {"Key": "k", "VersionId": i} for i in ["null"] + ids]})
    equal(len(answer["Deleted"]), 4)
    s3.delete_bucket(Bucket=name)


@check
def listings_page_and_fold(box):
    s3, name = bucket(box)
    keys = sorted(["a", "b/1", "b/2", "b/3/x", "c d", "é", "z/", "Z"], key=lambda k: k.encode())
    for key in keys:
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    equal([o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]], keys)
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(
            Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 2}))
        equal([o["Key"] for p in pages for o in p.get("Contents", [])],
              [k for k in keys if "/" not in k])
        equal([c["Prefix"] for p in pages for c in p.get("CommonPrefixes", [])], ["b/", "z/"])
    one = s3.list_objects_v2(Bucket=name, Prefix="b/", StartAfter="b/1", MaxKeys=1)
    equal((one["Contents"][0]["Key"], one["IsTruncated"], one["KeyCount"]), ("b/2", True, 1))
    answer = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": k} for k in keys],
                                                    "Quiet": True})
    assert "Deleted" not in answer
    equal(s3.list_objects_v2(Bucket=name)["KeyCount"], 0)


@check
def multipart_and_copy(box):
    s3, name = bucket(box)
    upload = s3.create_multipart_upload(Bucket=name, Key="big", ContentType="x/big")["UploadId"]
    parts = [b"a" * (5 << 20), b"b" * 10]
    etags = [s3.upload_part(Bucket=name, Key="big", UploadId=upload, PartNumber=i + 1,
                            Body=p)["ETag"] for i, p in enumerate(parts)]
    equal([p["Size"] for p in s3.list_parts(Bucket=name, Key="big", UploadId=upload)["Parts"]],
          [5 << 20, 10])
    equal([u["Key"] for u in s3.list_multipart_uploads(Bucket=name)["Uploads"]], ["big"])
    wrong = {"Parts": [{"PartNumber": 1, "ETag": etags[1]}]}
    fails("InvalidPart", s3.complete_multipart_upload, Bucket=name, Key="big", UploadId=upload,
          MultipartUpload=wrong)
    done = s3.complete_multipart_upload(
        Bucket=name, Key="big", UploadId=upload, MultipartUpload={"Parts": [
            {"PartNumber": i + 1, "ETag": e} for i, e in enumerate(etags)]})
    joined = hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest()
    equal(done["ETag"], f'"{joined}-2"')
    got = s3.get_object(Bucket=name, Key="big")
    equal((got["Body"].read() == b"".join(parts), got["ContentType"]), (True, "x/big"))
    fails("NoSuchUpload", s3.list_parts, Bucket=name, Key="big", UploadId=upload)
    upload = s3.create_multipart_upload(Bucket=name, Key="small")["UploadId"]
    small = [s3.upload_part(Bucket=name, Key="small", UploadId=upload, PartNumber=n, Body=b"x")
             for n in (1, 2)]
    fails("EntityTooSmall", s3.complete_multipart_upload, Bucket=name, Key="small",
          UploadId=upload, MultipartUpload={"Parts": [
              {"PartNumber": n + 1, "ETag": p["ETag"]} for n, p in enumerate(small)]})
    s3.abort_multipart_upload(Bucket=name, Key="small", UploadId=upload)
    s3.put_object(Bucket=name, Key="src ü", Body=b"copy me", Metadata={"m": "1"}, Tagging="t=1")
    s3.copy_object(Bucket=name, Key="dst", CopySource={"Bucket": name, "Key": "src ü"})
    got = s3.get_object(Bucket=name, Key="dst")
    equal((got["Body"].read(), got["Metadata"], got["TagCount"]), (b"copy me", {"m": "1"}, 1))
    s3.copy_object(Bucket=name, Key="dst", CopySource={"Bucket": name, "Key": "src ü"},
                   MetadataDirective="REPLACE", Metadata={"n": "2"})
    equal(s3.head_object(Bucket=name, Key="dst")["Metadata"], {"n": "2"})
    fails("InvalidRequest", s3.copy_object, Bucket=name, Key="dst",
          CopySource={"Bucket": name, "Key": "dst"})
    fails("NoSuchKey", s3.copy_object, Bucket=name, Key="x",
          CopySource={"Bucket": name, "Key": "none"})


@check
def keys_that_are_no_text_are_refused(box):
    _, name = bucket(box)
    path = f"/{name}/%FF%FE"
    status, text = send(box, "PUT", path, b"", sign(box, "PUT", path, b"", "s3"))
    assert status == 400 and "InvalidURI" in text, text
    path = f"/{name}/a%00b"
    status, text = send(box, "PUT", path, b"", sign(box, "PUT", path, b"", "s3"))
    assert status in (400, 403), text


@check
def many_clients_at_once(box):
    s3, name = bucket(box, versioned=True)

    def work(number):
        client = box.client("s3")
        for i in range(20):
            client.put_object(Bucket=name, Key=f"k{number}/{i}", Body=b"%d" % i)
            equal(client.get_object(Bucket=name, Key=f"k{number}/{i}")["Body"].read(), b"%d" % i)
        return len(client.list_objects_v2(Bucket=name, Prefix=f"k{number}/")["Contents"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        equal(list(pool.map(work, range(8))), [20] * 8)
    equal(s3.list_objects_v2(Bucket=name)["KeyCount"], 160)


@check
def presigned_reads(box):
    s3, name = bucket(box)
    s3.put_object(Bucket=name, Key="p q", Body=b"by link")
    link = box.client("s3").generate_presigned_url("get_object",
                                                   Params={"Bucket": name, "Key": "p q"})
    if "X-Amz-Signature" not in link:  # botocore may still sign us-east-1 links the old way
        config = botocore.config.Config(signature_version="s3v4",
                                        s3={"addressing_style": "path"})
        link = boto3.client("s3", region_name=EAST, endpoint_url=box.url, config=config,
                            aws_access_key_id=box.env["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=box.env["AWS_SECRET_ACCESS_KEY"]
                            ).generate_presigned_url("get_object",
                                                     Params={"Bucket": name, "Key": "p q"})
    path = link[len(box.url):]
    equal(send(box, "GET", path, b"", {}), (200, "by link"))
    equal(send(box, "GET", path.replace("p%20q", "other"), b"", {})[0], 403)


# --- S3: aws-chunked uploads, signed here by hand -----------------------------------------------------------

def key_of(box, date, region, service):
    key = ("AWS4" + box.env["AWS_SECRET_ACCESS_KEY"]).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def sign(box, method, target, body, service, extra=None, region=EAST, at=None, payload=None,
         host=None):
    """SigV4 as the documentation has it, independent of botocore and of lifeboat."""
    at = at or datetime.datetime.now(datetime.timezone.utc)
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    path, _, query = target.partition("?")
    payload = payload or hashlib.sha256(body).hexdigest()
    headers = {"host": host or f"127.0.0.1:{box.port}", "x-amz-date": stamp,
               "x-amz-content-sha256": payload, **(extra or {})}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path, "&".join(sorted(query.split("&"))) if query else "",
                           "".join(f"{n}:{headers[n]}\n" for n in sorted(headers)), names, payload])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(key_of(box, stamp[:8], region, service), text.encode(),
                         hashlib.sha256).hexdigest()
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={box.env['AWS_ACCESS_KEY_ID']}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}")
    return headers


def send(box, method, target, body, headers, with_headers=False):
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=20)
    connection.request(method, target, body=body or None, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return (answer.status, text, answer.headers) if with_headers else (answer.status, text)


def raw_query(box, service, region, action):
    body = f"Action={action}&Version=2010-05-08".encode()
    status, text = send(box, "POST", "/", body, sign(box, "POST", "/", body, service,
                                                     region=region))
    code = text.partition("<Code>")[2].partition("</Code>")[0]
    raise botocore.exceptions.ClientError({"Error": {"Code": code, "Message": text}}, action) \
        if status >= 400 else AssertionError("accepted")


def chunked(box, headers, chunks, trailer=None, spoil=None, signed=True):
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/{EAST}/s3/aws4_request"
    key = key_of(box, stamp[:8], EAST, "s3")
    previous = headers["Authorization"].rpartition("=")[2]

    def mac(kind, *rest):
        text = "\n".join([kind, stamp, scope, previous, *rest])
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    out = b""
    for i, chunk in enumerate(chunks + [b""]):
        extension = ""
        if signed:
            previous = mac("AWS4-HMAC-SHA256-PAYLOAD", hashlib.sha256(b"").hexdigest(),
                           hashlib.sha256(chunk).hexdigest())
            extension = ";chunk-signature=" + previous
        if spoil == i:
            chunk = b"!" + chunk[1:]
        out += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
    if trailer:
        out += f"{trailer}\r\n".encode()
        if signed:
            signature = mac("AWS4-HMAC-SHA256-TRAILER",
                            hashlib.sha256(f"{trailer}\n".encode()).hexdigest())
            out += f"x-amz-trailer-signature:{signature}\r\n".encode()
    return out + b"\r\n"


def upload(box, path, kind, chunks, trailer=None, spoil=None, length=None):
    extra = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length":
             str(sum(map(len, chunks)) if length is None else length)}
    if trailer:
        extra["x-amz-trailer"] = trailer.partition(":")[0]
    headers = sign(box, "PUT", path, b"", "s3", extra, payload=kind)
    body = chunked(box, headers, chunks, trailer, spoil, "UNSIGNED" not in kind)
    return send(box, "PUT", path, body, headers)


@check
def chunked_uploads_are_decoded_and_verified(box):
    s3, name = bucket(box)
    chunks = [b"a" * 65536, b"b" * 65536, b"tail"]
    whole = b"".join(chunks)
    crc = "x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(whole).to_bytes(4, "big")).decode()
    signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    for kind, trailer in ((signed, None), (signed + "-TRAILER", crc),
                          ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", crc)):
        path = f"/{name}/{kind.lower()}"
        status, text = upload(box, path, kind, chunks, trailer)
        assert status == 200, text
        got = s3.get_object(Bucket=name, Key=kind.lower(), ChecksumMode="ENABLED")
        assert got["Body"].read() == whole
        assert "ContentEncoding" not in got or not got["ContentEncoding"]
        if trailer:
            equal(got["ChecksumCRC32"], crc.partition(":")[2])
    status, text = upload(box, f"/{name}/x", signed, chunks, spoil=1)
    assert status == 403 and "SignatureDoesNotMatch" in text, text
    status, text = upload(box, f"/{name}/x", signed, chunks, length=5)
    assert status == 400 and "IncompleteBody" in text, text
    bad = "x-amz-checksum-crc32:AAAAAA=="
    for kind in (signed + "-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        status, text = upload(box, f"/{name}/x", kind, chunks, bad)
        assert status == 400 and "BadDigest" in text, text
    fails("NoSuchKey", s3.get_object, Bucket=name, Key="x")


# --- S3: time ------------------------------------------------------------------------------------------

@check
def lifecycle_expires_by_midnight(box):
    s3, name = bucket(box)
    vs, versioned = bucket(box, versioned=True)
    rules = {"Rules": [
        {"ID": "purge", "Status": "Enabled", "Filter": {"Prefix": "auto-purge/"},
         "Expiration": {"Days": 7}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 3}}]}
    for client, where in ((s3, name), (vs, versioned)):
        client.put_bucket_lifecycle_configuration(Bucket=where, LifecycleConfiguration=rules)
        client.put_object(Bucket=where, Key="auto-purge/x", Body=b"1")
        client.put_object(Bucket=where, Key="keep/x", Body=b"1")
    s3.create_multipart_upload(Bucket=name, Key="auto-purge/part")
    head = s3.head_object(Bucket=name, Key="auto-purge/x")
    assert 'rule-id="purge"' in head["Expiration"] and "00:00:00 GMT" in head["Expiration"]
    assert "Expiration" not in s3.head_object(Bucket=name, Key="keep/x")
    box.advance("7d")
    s3.head_object(Bucket=name, Key="auto-purge/x")  # not before the next midnight
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=name)
    box.advance("1d")
    fails("404", s3.head_object, Bucket=name, Key="auto-purge/x")
    s3.head_object(Bucket=name, Key="keep/x")
    listed = vs.list_object_versions(Bucket=versioned, Prefix="auto-purge/")
    equal([m["IsLatest"] for m in listed["DeleteMarkers"]], [True])
    equal(len(listed["Versions"]), 1)
    box.advance("4d")
    listed = vs.list_object_versions(Bucket=versioned, Prefix="auto-purge/")
    assert "Versions" not in listed, listed


@check
def lifecycle_keeps_what_it_is_told_to(box):
    s3, name = bucket(box, versioned=True)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [
        {"ID": "spare", "Status": "Enabled", "Filter": {"Prefix": "spare/"},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}},
        {"ID": "markers", "Status": "Enabled", "Filter": {"Prefix": "gone/"},
         "Expiration": {"ExpiredObjectDeleteMarker": True},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 1}},
        {"ID": "cold", "Status": "Enabled", "Filter": {"Prefix": "cold/"},
         "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
        {"ID": "tagged", "Status": "Enabled", "Expiration": {"Days": 1}, "Filter": {"And": {
            "Prefix": "t/", "Tags": [{"Key": "k", "Value": "v"}], "ObjectSizeGreaterThan": 1}}},
        {"ID": "off", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]})
    kept = [s3.put_object(Bucket=name, Key="spare/k", Body=b"%d" % i)["VersionId"]
            for i in range(5)][2:]
    s3.put_object(Bucket=name, Key="gone/k", Body=b"x")
    s3.delete_object(Bucket=name, Key="gone/k")
    s3.put_object(Bucket=name, Key="cold/k", Body=b"x")
    for key, body, tagging in (("t/yes", b"xx", "k=v"), ("t/small", b"x", "k=v"),
                               ("t/other", b"xx", "k=w"), ("plain", b"xx", "k=v")):
        s3.put_object(Bucket=name, Key=key, Body=body, Tagging=tagging)
    box.advance("2d")
    box.advance("1d")
    listed = s3.list_object_versions(Bucket=name)
    equal([v["VersionId"] for v in listed["Versions"] if v["Key"] == "spare/k"], kept[::-1])
    assert "gone/k" not in [v["Key"] for v in listed["Versions"] + listed["DeleteMarkers"]]
    equal([m["Key"] for m in listed["DeleteMarkers"]], ["t/yes"])
    equal([o["Key"] for o in s3.list_objects_v2(Bucket=name)["Contents"]],
          ["cold/k", "plain", "spare/k", "t/other", "t/small"])
    equal(s3.head_object(Bucket=name, Key="cold/k")["StorageClass"], "GLACIER")
    fails("InvalidObjectState", s3.get_object, Bucket=name, Key="cold/k")


def replicated(box, markers="Enabled"):
    source, a = bucket(box, EAST, versioned=True)
    target, b = bucket(box, WEST, versioned=True)
    iam = box.client("iam")
    arn = iam.create_role(RoleName=f"repl-{a}", AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    config = {"Role": arn, "Rules": [
        {"ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
         "DeleteMarkerReplication": {"Status": markers},
         "Destination": {"Bucket": f"arn:aws:s3:::{b}", "StorageClass": "STANDARD_IA",
                         "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
                         "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}}}]}
    source.put_object(Bucket=a, Key="before", Body=b"old")
    source.put_bucket_replication(Bucket=a, ReplicationConfiguration=config)
    equal(source.get_bucket_replication(Bucket=a)["ReplicationConfiguration"], config)
    return source, a, target, b, config


@check
def replication_copies_new_objects(box):
    source, a, target, b, _ = replicated(box)
    put = source.put_object(Bucket=a, Key="k", Body=b"new", Metadata={"m": "1"})
    equal(source.head_object(Bucket=a, Key="k")["ReplicationStatus"], "PENDING")
    fails("404", target.head_object, Bucket=b, Key="k")
    box.advance("1m")
    equal(source.head_object(Bucket=a, Key="k")["ReplicationStatus"], "COMPLETED")
    got = target.get_object(Bucket=b, Key="k")
    equal((got["Body"].read(), got["ReplicationStatus"], got["VersionId"], got["Metadata"]),
          (b"new", "REPLICA", put["VersionId"], {"m": "1"}))
    equal(got["StorageClass"], "STANDARD_IA")
    fails("404", target.head_object, Bucket=b, Key="before")
    assert "ReplicationStatus" not in source.head_object(Bucket=a, Key="before")
    source.delete_object(Bucket=a, Key="k")
    box.advance("1m")
    fails("404", target.head_object, Bucket=b, Key="k")
    source.delete_object(Bucket=a, Key="k", VersionId=put["VersionId"])
    box.advance("1m")
    target.head_object(Bucket=b, Key="k", VersionId=put["VersionId"])


@check
def replication_waits_for_a_region_and_fails_without_a_role(box):
    source, a, target, b, _ = replicated(box, markers="Disabled")
    box.control("POST", f"regions/{WEST}", {"state": "down"})
    source.put_object(Bucket=a, Key="k", Body=b"1")
    box.advance("10m")
    equal(source.head_object(Bucket=a, Key="k")["ReplicationStatus"], "PENDING")
    box.control("POST", f"regions/{WEST}", {"state": "up"})
    box.advance("1m")
    target.head_object(Bucket=b, Key="k")
    source.delete_object(Bucket=a, Key="k")
    box.advance("1m")
    target.head_object(Bucket=b, Key="k")
    box.client("iam").delete_role(RoleName=f"repl-{a}")
    source.put_object(Bucket=a, Key="l", Body=b"1")
    box.advance("1m")
    equal(source.head_object(Bucket=a, Key="l")["ReplicationStatus"], "FAILED")


@check
def replication_documents_are_checked(box):
    source, a, _, b, good = replicated(box)
    rule = good["Rules"][0]

    def refused(code, where=a, **change):
        changed = {k: v for k, v in {**rule, **change}.items() if v is not None}
        fails(code, source.put_bucket_replication, Bucket=where,
              ReplicationConfiguration={**good, "Rules": [changed]})
    refused("InvalidRequest", Priority=None)
    refused("InvalidRequest", DeleteMarkerReplication=None)
    refused("MalformedXML", Status="On")
    refused("InvalidRequest", Destination={"Bucket": "arn:aws:s3:::no-such-bucket"})
    plain, name = bucket(box)
    refused("InvalidRequest", Destination={"Bucket": f"arn:aws:s3:::{name}"})
    refused("InvalidRequest", where=name)
    fails("InvalidBucketState", source.put_bucket_versioning, Bucket=a,
          VersioningConfiguration={"Status": "Suspended"})
    source.delete_bucket_replication(Bucket=a)
    fails("ReplicationConfigurationNotFoundError", source.get_bucket_replication, Bucket=a)


@check
def replication_may_overtake(box):
    source, a, target, b, _ = replicated(box)
    box.control("POST", "settings", {"s3_replication_jitter_s": 600})
    for i in range(20):
        source.put_object(Bucket=a, Key=f"blob-{i:02}", Body=b"x")
    box.advance("5m")
    some = target.list_objects_v2(Bucket=b)["KeyCount"]
    box.advance("10m")
    box.control("POST", "settings", {"s3_replication_jitter_s": 0})
    assert 0 < some < 20, some
    equal(target.list_objects_v2(Bucket=b)["KeyCount"], 20)


# --- control -------------------------------------------------------------------------------------------

@check
def faults_hit_when_asked(box):
    s3, name = bucket(box)
    box.control("POST", "faults", [
        {"service": "s3", "operation": "PutBucket*", "nth": 2, "count": 1, "do": "503"},
        {"service": "iam", "do": "throttle", "count": 2},
        {"service": "sts", "operation": "GetCallerIdentity", "do": "deny", "count": 1}])
    enable = {"Bucket": name, "VersioningConfiguration": {"Status": "Enabled"}}
    s3.put_bucket_versioning(**enable)
    fails("ServiceUnavailable", s3.put_bucket_versioning, **enable)
    s3.put_bucket_versioning(**enable)
    iam = box.client("iam")
    fails("Throttling", iam.list_roles)
    fails("Throttling", iam.list_roles)
    iam.list_roles()
    fails("AccessDenied", box.client("sts").get_caller_identity)
    box.control("POST", "faults", [{"service": "s3", "operation": "PutObject",
                                    "do": "drop_reply", "count": 1}])
    try:
        s3.put_object(Bucket=name, Key="lost", Body=b"x")
        raise AssertionError("the answer was not dropped")
    except botocore.exceptions.HTTPClientError:
        pass
    s3.head_object(Bucket=name, Key="lost")
    for what in ("reset", "truncate", "garbage"):
        box.control("POST", "faults", {"service": "s3", "operation": "ListBuckets", "do": what})
        try:
            s3.list_buckets()
            raise AssertionError(what + " was not noticed")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            pass  # botocore calls an unreadable 200 an error of the server
        box.control("DELETE", "faults")
        s3.list_buckets()
    box.control("POST", "faults", {"service": "s3", "do": "delay:1s", "count": 1})
    start = datetime.datetime.now()
    s3.list_buckets()
    assert (datetime.datetime.now() - start).total_seconds() >= 1
    try:
        box.control("POST", "faults", {"service": "s3", "do": "explode"})
        raise AssertionError("an unknown fault was taken")
    except urllib.error.HTTPError as error:
        equal(error.code, 400)
    box.control("DELETE", "faults")


@check
def regions_go_down(box):
    s3, name = bucket(box, WEST)
    box.control("POST", f"regions/{WEST}", {"state": "down"})
    for call in (lambda: s3.list_objects_v2(Bucket=name), lambda: s3.get_bucket_versioning(Bucket=name)):
        try:
            call()
            raise AssertionError("a region that is down answered")
        except botocore.exceptions.HTTPClientError:
            pass
    box.client("s3").list_buckets()
    box.client("iam").list_roles()
    box.control("POST", f"regions/{WEST}", {"state": "up"})
    s3.list_objects_v2(Bucket=name)
    box.control("POST", "regions/iam", {"state": "down"})
    try:
        box.client("iam").list_roles()
        raise AssertionError("iam is down and answered")
    except botocore.exceptions.HTTPClientError:
        pass
    box.client("sts").get_caller_identity()
    box.control("POST", "regions/iam", {"state": "up"})


@check
def new_roles_become_visible_with_delay(box):
    s3, name = bucket(box)
    box.control("POST", "settings", {"iam_propagation_s": 30})
    role = box.client("iam").create_role(RoleName="late",
                                         AssumeRolePolicyDocument=trust())["Role"]["Arn"]
    policy = json.dumps(statement(Effect="Allow", Principal={"AWS": role}, Action="s3:GetObject",
                                  Resource=f"arn:aws:s3:::{name}/*"))
    fails("MalformedPolicy", s3.put_bucket_policy, Bucket=name, Policy=policy)
    box.advance("31s")
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    box.control("POST", "settings", {"iam_propagation_s": 0})


@check
def every_call_is_logged(box):
    before = len(box.calls())
    s3, name = bucket(box, WEST)
    s3.put_object(Bucket=name, Key="d/k", Body=b"x")
    s3.head_object(Bucket=name, Key="d/k")
    lines = box.calls()[before:]
    equal([(c["operation"], c["resource"], c["mutating"], c["status"], c["signature"],
            c["region"], c["service"]) for c in lines],
          [("CreateBucket", name, True, 200, "ok", WEST, "s3"),
           ("PutObject", f"{name}/d/k", True, 200, "ok", WEST, "s3"),
           ("HeadObject", f"{name}/d/k", False, 200, "ok", WEST, "s3")])
    equal([c["n"] for c in lines], list(range(before + 1, before + 4)))
    later = box.control("GET", f"calls?since={before + 2}").splitlines()
    equal(len(later), 1)
    assert name in box.control("GET", "state")


# --- the program itself ----------------------------------------------------------------------------------

def state_survives(program):
    with tempfile.TemporaryDirectory() as folder:
        box = Sandbox(program, "--state", folder)
        s3, name = bucket(box, WEST, versioned=True)
        for key in ("Twin", "twin", "^x", "ü"):
            s3.put_object(Bucket=name, Key=key, Body=key.encode())
        box.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=trust())
        box.advance("3d")
        now = json.loads(box.control("GET", "clock"))["now"]
        equal(box.stop(), 0)
        box = Sandbox(program, "--state", folder)
        s3 = box.client("s3", WEST)
        for key in ("Twin", "twin", "^x", "ü"):
            equal(s3.get_object(Bucket=name, Key=key)["Body"].read(), key.encode())
        box.client("iam").get_role(RoleName="kept")
        assert json.loads(box.control("GET", "clock"))["now"] >= now
        box.stop()


def command_mode(program):
    script = ('test -z "$AWS_PROFILE$AWS_SESSION_TOKEN" || exit 9; '
              'test -z "$(env | grep ^AWS_ENDPOINT_URL_)" || exit 10; '
              'test "$LIFEBOAT_TIME_SCALE" = 60 || exit 8; '
              'test "$LIFEBOAT_CLUSTER_URL" = "$AWS_ENDPOINT_URL" || exit 6; exit 7')
    env = {**os.environ, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine",
           "AWS_ENDPOINT_URL_S3": "http://example.com", "AWS_ENDPOINT_URL_SNS": "http://example.com",
           "AWS_ENDPOINT_URL_EVENTBRIDGE": "http://example.com"}
    equal(subprocess.run([program, "--speed", "60", "--", "sh", "-c", script], env=env,
                         check=False).returncode, 7)
    equal(subprocess.run([program, "--", "/no/such/program"], env=env, check=False,
                         stderr=subprocess.DEVNULL).returncode, 127)
    child = subprocess.Popen([program, "--", "sh", "-c",
                              "trap 'exit 5' TERM; echo up; while :; do sleep 0.1; done"],
                             stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    equal(child.wait(timeout=20), 5)
    equal(subprocess.run([program, "--speed", "fast"], check=False, capture_output=True
                         ).returncode, 64)


def speed_moves_the_clock(program):
    box = Sandbox(program, "--speed", "100000")
    first = json.loads(box.control("GET", "clock"))["now"]
    subprocess.run(["sleep", "0.2"], check=True)
    second = json.loads(box.control("GET", "clock"))["now"]
    box.stop()
    seconds = (datetime.datetime.fromisoformat(second) -
               datetime.datetime.fromisoformat(first)).total_seconds()
    assert seconds > 10000, seconds


def run(name, function, *args):
    try:
        function(*args)
    except Exception:  # a failed check must not end the run
        print(f"FAILED {name}")
        traceback.print_exc(limit=-3, file=sys.stdout)
        return False
    return True


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = sys.argv[1]
    wanted = sys.argv[2:]
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        del os.environ[name]
    results = []
    box = Sandbox(program)
    for function in CHECKS:
        if not wanted or function.__name__ in wanted:
            results.append(run(function.__name__, function, box))
    results.append(run("stop", lambda: equal(box.stop(), 0)))
    for function in (state_survives, command_mode, speed_moves_the_clock):
        if not wanted or function.__name__ in wanted:
            results.append(run(function.__name__, function, program))
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
