#!/usr/bin/env python3
"""boto3 reads, field by field, what lifeboat applied from examples/two-region to the sandbox.

What is expected is written down here from the spec and AWS's documentation, not taken from
lifeboat. Clusters are read by urllib with botocore's signature.
"""
import json
import sys

import botocore.exceptions

import judge
from judge import ACCOUNT, EAST, WEST
from services_driver import Sandbox

STACK, DOMAIN, NAME = "search-dr", "search", "search.example.com"
BUCKETS = {"search-dr-east": EAST, "search-dr-west": WEST}
SNAPSHOT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/search-dr-snapshot"
OPERATOR_ROLE = f"arn:aws:iam::{ACCOUNT}:role/search-dr-operator"
DOMAIN_ARNS = [f"arn:aws:es:{region}:{ACCOUNT}:domain/{DOMAIN}" for region in (EAST, WEST)]
ALARM = f"{STACK}-{NAME}-failover"


def owned(address):
    return {"lifeboat:stack": STACK, "lifeboat:address": address}


def allow(**fields):
    return {"Effect": "Allow", **fields}


TRUST = {
    "search-dr-snapshot": [allow(
        Principal={"Service": "es.amazonaws.com"}, Action="sts:AssumeRole",
        Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT},
                   "ArnLike": {"aws:SourceArn": DOMAIN_ARNS}})],
    "search-dr-operator": [allow(
        Principal={"AWS": [f"arn:aws:iam::{ACCOUNT}:role/ci"]}, Action="sts:AssumeRole")],
}
POLICY = {
    "search-dr-snapshot": [
        allow(Sid="Buckets", Resource=[f"arn:aws:s3:::{name}" for name in BUCKETS],
              Action=["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]),
        allow(Sid="Objects", Resource=[f"arn:aws:s3:::{name}/search/*" for name in BUCKETS],
              Action=["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload",
                      "s3:ListMultipartUploadParts"])],
    "search-dr-operator": [
        allow(Sid="PassSnapshotRoles", Action=["iam:PassRole"], Resource=[SNAPSHOT_ROLE]),
        allow(Sid="Domains", Resource=[f"{arn}/*" for arn in DOMAIN_ARNS],
              Action=[f"es:ESHttp{verb}"
                      for verb in ("Get", "Head", "Post", "Put", "Patch", "Delete")])],
}
LIFECYCLE = [
    {"ID": "lifeboat-auto-purge", "Status": "Enabled", "Filter": {"Prefix": "auto-purge/"},
     "Expiration": {"Days": 7}},
    {"ID": "lifeboat-noncurrent", "Status": "Enabled", "Filter": {"Prefix": ""},
     "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
    {"ID": "lifeboat-abort-multipart", "Status": "Enabled", "Filter": {"Prefix": ""},
     "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
]
CONFIGURATION = {  # of DescribeDomain: what the spec states or lifeboat derives
    "EngineVersion": "OpenSearch_2.19",
    "ClusterConfig": {"InstanceType": "r7g.large.search", "InstanceCount": 3,
                      "DedicatedMasterEnabled": False, "ZoneAwarenessEnabled": False,
                      "WarmEnabled": False, "MultiAZWithStandbyEnabled": False},
    "EBSOptions": {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 200},
    "EncryptionAtRestOptions": {"Enabled": True},
    "NodeToNodeEncryptionOptions": {"Enabled": True},
    "DomainEndpointOptions": {"EnforceHTTPS": True, "CustomEndpointEnabled": False,
                              "TLSSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10"},
    "AdvancedSecurityOptions": {"Enabled": True, "InternalUserDatabaseEnabled": False},
    "DomainProcessingStatus": "Active",
}
MEMBERS = {"backend_roles": [OPERATOR_ROLE], "users": [], "hosts": []}
REPOSITORY = {"bucket": "search-dr-west", "base_path": "search/g1", "role_arn": SNAPSHOT_ROLE,
              "shard_path_type": "FIXED"}
REGISTERED = {  # across regions `endpoint` stands in for `region`
    EAST: {**REPOSITORY, "endpoint": "s3.amazonaws.com", "readonly": "false"},
    WEST: {**REPOSITORY, "region": WEST, "readonly": "true"},
}
HOURLY = {"schedule": {"cron": {"expression": "0 * * * *", "timezone": "UTC"}}}


def absent(call, code, **arguments):
    try:
        return call(**arguments)
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]["Code"]
        return None if got == code else got


def roles(checks, box):
    iam = box.client("iam")
    for name, trust in TRUST.items():
        role = iam.get_role(RoleName=name)["Role"]
        checks.equal(f"{name}: path and session", (role["Path"], role["MaxSessionDuration"]),
                     ("/", 3600))
        checks.equal(f"{name}: tags", judge.tags(role["Tags"]),
                     owned("role." + name.removeprefix(STACK + "-")))
        checks.equal(f"{name}: trust", judge.deep(role["AssumeRolePolicyDocument"]),
                     judge.deep({"Version": "2012-10-17", "Statement": trust}))
        checks.true(f"{name}: no boundary", "PermissionsBoundary" not in role, role)
        checks.equal(f"{name}: inline policies",
                     iam.list_role_policies(RoleName=name)["PolicyNames"], ["lifeboat"])
        document = iam.get_role_policy(RoleName=name, PolicyName="lifeboat")["PolicyDocument"]
        checks.equal(f"{name}: policy", judge.deep(document),
                     judge.deep({"Version": "2012-10-17", "Statement": POLICY[name]}))
        checks.equal(f"{name}: attached policies",
                     iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], [])


def buckets(checks, box):
    for name, region in BUCKETS.items():
        s3 = box.client("s3", region)
        checks.equal(f"{name}: region", s3.get_bucket_location(Bucket=name)["LocationConstraint"],
                     None if region == EAST else region)
        checks.equal(f"{name}: tags", judge.tags(s3.get_bucket_tagging(Bucket=name)["TagSet"]),
                     owned(f"bucket.{name}"))
        checks.equal(f"{name}: ownership",
                     s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"],
                     [{"ObjectOwnership": "BucketOwnerEnforced"}])
        checks.equal(f"{name}: public access",
                     s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
                     {"BlockPublicAcls": True, "IgnorePublicAcls": True,
                      "BlockPublicPolicy": True, "RestrictPublicBuckets": True})
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        checks.equal(f"{name}: encryption", rules[0]["ApplyServerSideEncryptionByDefault"],
                     {"SSEAlgorithm": "AES256"})
        versioning = s3.get_bucket_versioning(Bucket=name)
        checks.equal(f"{name}: versioning", versioning["Status"], "Enabled")
        checks.equal(f"{name}: lifecycle",
                     judge.deep(s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]),
                     judge.deep(LIFECYCLE))
        checks.equal(f"{name}: no replication", absent(
            s3.get_bucket_replication, "ReplicationConfigurationNotFoundError", Bucket=name), None)
        checks.equal(f"{name}: no policy",
                     absent(s3.get_bucket_policy, "NoSuchBucketPolicy", Bucket=name), None)


def part_of(wanted, got):
    """`got`, cut down to what `wanted` speaks of."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        return {name: part_of(item, got.get(name)) for name, item in wanted.items()}
    return got


def domains(checks, box):
    """Returns the hosts by region."""
    hosts = {}
    for region, side, arn in ((EAST, "primary", DOMAIN_ARNS[0]), (WEST, "secondary", DOMAIN_ARNS[1])):
        client = box.client("opensearch", region)
        status = client.describe_domain(DomainName=DOMAIN)["DomainStatus"]
        hosts[region] = status["Endpoint"]
        checks.equal(f"domain in {region}: ARN", status["ARN"], arn)
        for name, wanted in CONFIGURATION.items():
            checks.equal(f"domain in {region}: {name}", part_of(wanted, status[name]), wanted)
        checks.equal(f"domain in {region}: tags", judge.tags(client.list_tags(ARN=arn)["TagList"]),
                     owned(f"domain.{DOMAIN}@{side}"))
        principals = [f"arn:aws:iam::{ACCOUNT}:root", OPERATOR_ROLE]
        checks.equal(f"domain in {region}: access policy",
                     judge.deep(json.loads(status["AccessPolicies"])["Statement"]),
                     judge.deep([allow(Principal={"AWS": principals}, Action="es:ESHttp*",
                                       Resource=f"{arn}/*")]))
    return hosts


def clusters(checks, box, hosts):
    def get(region, path):
        return box.cluster(hosts[region], "GET", path, region=region)

    for region in (EAST, WEST):
        for role in ("manage_snapshots", "snapshot_management_full_access"):
            status, got = get(region, f"/_plugins/_security/api/rolesmapping/{role}")
            checks.equal(f"cluster in {region}: {role}",
                         (status, part_of(MEMBERS, got.get(role))), (200, MEMBERS))
        status, got = get(region, "/_snapshot")
        checks.equal(f"cluster in {region}: repositories", (status, got),
                     (200, {"nightly": {"type": "s3", "settings": REGISTERED[region]}}))
    status, got = get(EAST, "/_plugins/_sm/policies/nightly")
    policy = got.get("sm_policy", {})
    wanted = {"name": "nightly", "enabled": True, "creation": HOURLY,
              "deletion": {**HOURLY, "condition": {"max_age": "30d", "min_count": 7}},
              "snapshot_config": {"repository": "nightly", "indices": "*,-.*",
                                  "ignore_unavailable": True, "include_global_state": False,
                                  "partial": False}}
    checks.equal("schedule on the active side", (status, part_of(wanted, policy)), (200, wanted))
    checks.equal("no schedule on the standby", get(WEST, "/_plugins/_sm/policies")[1]["policies"],
                 [])


def failover(checks, box, hosts):
    cloudwatch, route53 = box.client("cloudwatch", WEST), box.client("route53")
    alarm = cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0]
    metric = {"Namespace": "lifeboat", "MetricName": "Failover", "Statistic": "Maximum",
              "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0,
              "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    wanted = {**metric, "TreatMissingData": "ignore", "ActionsEnabled": True, "AlarmActions": [],
              "OKActions": [], "InsufficientDataActions": []}
    checks.equal("alarm", part_of(wanted, alarm), wanted)
    dimensions = [{"Name": "Name", "Value": NAME}, {"Name": "Stack", "Value": STACK}]
    checks.equal("alarm: dimensions", judge.deep(alarm["Dimensions"]), judge.deep(dimensions))
    held = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    checks.equal("alarm: tags", judge.tags(held), owned(f"alarm.{NAME}@secondary"))

    check = route53.list_health_checks()["HealthChecks"][0]
    wanted = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": WEST, "Name": ALARM},
              "InsufficientDataHealthStatus": "LastKnownStatus", "Inverted": False,
              "Disabled": False}
    checks.equal("health check", part_of(wanted, check["HealthCheckConfig"]), wanted)
    checks.equal("health check: Route 53's copy of the alarm",
                 part_of(metric, check["CloudWatchAlarmConfiguration"]), metric)
    held = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check["Id"])
    checks.equal("health check: tags", judge.tags(held["ResourceTagSet"]["Tags"]),
                 {**owned(f"health_check.{NAME}"), "Name": f"{STACK} {NAME}"})

    zone = route53.list_hosted_zones_by_name(DNSName="example.com")["HostedZones"][0]["Id"]
    sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    common = {"Name": NAME + ".", "Type": "CNAME", "TTL": 60}
    checks.equal("record sets of the name", [one for one in sets if one["Name"] == NAME + "."], [
        {**common, "SetIdentifier": f"lifeboat:{STACK}:primary", "Failover": "PRIMARY",
         "ResourceRecords": [{"Value": hosts[EAST]}], "HealthCheckId": check["Id"]},
        {**common, "SetIdentifier": f"lifeboat:{STACK}:secondary", "Failover": "SECONDARY",
         "ResourceRecords": [{"Value": hosts[WEST]}]}])
    checks.equal("other records of the zone",
                 sorted(one["Type"] for one in sets if one["Name"] != NAME + "."), ["NS", "SOA"])


def main():
    checks, box = judge.Checks(), Sandbox(judge.SANDBOX, "--speed", "1000")
    try:
        judge.apply_and_plan(checks, "sandbox", box.env, judge.ROOT / "examples/two-region")
        hosts = {}
        with checks.guarded("roles can be read"):
            roles(checks, box)
        with checks.guarded("buckets can be read"):
            buckets(checks, box)
        with checks.guarded("domains can be read"):
            hosts = domains(checks, box)
        with checks.guarded("clusters can be read"):
            clusters(checks, box, hosts)
        with checks.guarded("alarm, health check and records can be read"):
            failover(checks, box, hosts)
    finally:
        box.stop()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
