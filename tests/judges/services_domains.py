"""Checks of the OpenSearch Service control plane: what boto3 reads back, over virtual time."""
import json

from services_driver import ACCOUNT, EAST, EBS, SECURE, WEST, check, equal, make_domain, refused



@check
def domain_is_created_over_time(sandbox):
    es = sandbox.client("opensearch")
    status = es.create_domain(
        DomainName="search", EngineVersion="OpenSearch_2.19", EBSOptions=EBS,
        ClusterConfig={"InstanceType": "r7g.large.search", "InstanceCount": 3},
        AccessPolicies='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
                       '"Principal": {"AWS": "111122223333"}, "Action": "es:*", "Resource": "*"}]}',
        TagList=[{"Key": "lifeboat:stack", "Value": "t"}])["DomainStatus"]
    assert status["Processing"] and "Endpoint" not in status, status
    equal(status["DomainProcessingStatus"], "Creating")
    equal(status["ARN"], f"arn:aws:es:{EAST}:{ACCOUNT}:domain/search")
    equal(status["DomainId"], f"{ACCOUNT}/search")
    sandbox.advance("10m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert status["Processing"] and "Endpoint" not in status
    sandbox.advance("4m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert status["Processing"] and status["Endpoint"], status
    sandbox.advance("2m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["Processing"], status
    equal(status["DomainProcessingStatus"], "Active")
    label, _, rest = status["Endpoint"].partition(".")
    assert label.startswith("search-search-") and len(label) == len("search-search-") + 26, label
    equal(rest, "us-east-1.es.amazonaws.com")
    equal(json.loads(status["AccessPolicies"])["Statement"][0]["Principal"]["AWS"],
          f"arn:aws:iam::{ACCOUNT}:root")
    equal(status["AdvancedOptions"], {"override_main_response_version": "false",
                                      "rest.action.multi.allow_explicit_index": "true"})
    equal(status["EBSOptions"]["Iops"], 3000)
    equal(status["AutoTuneOptions"]["State"], "ENABLED")
    equal(es.list_tags(ARN=status["ARN"])["TagList"], [{"Key": "lifeboat:stack", "Value": "t"}])


@check
def domain_inputs_are_validated(sandbox):
    es = sandbox.client("opensearch")
    base = {"DomainName": "other", "EBSOptions": EBS}
    refused(es.create_domain, "ResourceAlreadyExistsException", 409, DomainName="search",
            EBSOptions=EBS)
    refused(es.create_domain, "ValidationException", 400, **{**base, "DomainName": "Search"})
    refused(es.create_domain, "ValidationException", 400, EngineVersion="OpenSearch_9.9", **base)
    refused(es.create_domain, "ValidationException", 400, ClusterConfig={
        "InstanceType": "zz9.large.search"}, **base)
    refused(es.create_domain, "ValidationException", 400, DomainName="other")  # no EBS
    refused(es.create_domain, "ValidationException", 400, IPAddressType="ipv5", **base)
    refused(es.create_domain, "InvalidTypeException", 409, AccessPolicies="{", **base)
    absent = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/absent"},
        "Action": "es:*", "Resource": "*"}]})
    sandbox.control("POST", "settings", {"iam_strict_principals": 1})
    refused(es.create_domain, "InvalidTypeException", 409, AccessPolicies=absent, **base)
    sandbox.control("POST", "settings", {"iam_strict_principals": 0})
    message = refused(es.create_domain, "ValidationException", 400, VPCOptions={
        "SubnetIds": ["subnet-1"]}, **base)["Error"]["Message"]
    assert "service-linked role" in message, message
    refused(es.create_domain, "ValidationException", 400, AdvancedSecurityOptions={
        "Enabled": True}, **base)
    refused(es.describe_domain, "ResourceNotFoundException", 409, DomainName="absent")
    refused(es.describe_domains, "ValidationException", 400,
            DomainNames=["a-a", "b-b", "c-c", "d-d", "e-e", "f-f"])
    found = es.describe_domains(DomainNames=["search", "absent"])["DomainStatusList"]
    equal([one["DomainName"] for one in found], ["search"])
    equal(es.list_domain_names()["DomainNames"],
          [{"DomainName": "search", "EngineType": "OpenSearch"}])
    equal(sandbox.client("opensearch", WEST).list_domain_names()["DomainNames"], [])


@check
def dry_run_tells_and_changes_nothing(sandbox):
    es = sandbox.client("opensearch")

    def dry(**sections):
        return es.update_domain_config(DomainName="search", DryRun=True,
                                       **sections)["DryRunResults"]["DeploymentType"]

    before = es.describe_domain_config(DomainName="search")["DomainConfig"]["ClusterConfig"]
    equal(dry(ClusterConfig={"InstanceType": "r7g.xlarge.search", "InstanceCount": 3}),
          "Blue/Green")
    equal(dry(ClusterConfig={"InstanceType": "r7g.large.search", "InstanceCount": 3}), "None")
    equal(dry(SnapshotOptions={"AutomatedSnapshotStartHour": 4}), "DynamicUpdate")
    after = es.describe_domain_config(DomainName="search")["DomainConfig"]["ClusterConfig"]
    equal(after, before)
    equal(after["Status"]["State"], "Active")


@check
def changes_take_time_and_exclude_each_other(sandbox):
    es = sandbox.client("opensearch")
    es.update_domain_config(DomainName="search", ClusterConfig={
        "InstanceType": "r7g.xlarge.search", "InstanceCount": 3})
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    equal(status["DomainProcessingStatus"], "Modifying")
    equal(status["ModifyingProperties"][0]["PendingValue"], "r7g.xlarge.search")
    config = es.describe_domain_config(DomainName="search")["DomainConfig"]
    equal(config["ClusterConfig"]["Status"]["State"], "Processing")
    equal(config["EBSOptions"]["Status"]["State"], "Active")
    message = refused(es.update_domain_config, "ValidationException", 400, DomainName="search",
                      SnapshotOptions={"AutomatedSnapshotStartHour": 5})["Error"]["Message"]
    assert "in progress" in message
    sandbox.advance("11m")
    progress = es.describe_domain_change_progress(DomainName="search")["ChangeProgressStatus"]
    equal(progress["Status"], "PROCESSING")
    words = {stage["Status"] for stage in progress["ChangeProgressStages"]}
    equal(words, {"COMPLETED", "IN_PROGRESS", "PENDING"})
    sandbox.advance("10m")
    progress = es.describe_domain_change_progress(DomainName="search")["ChangeProgressStatus"]
    equal((progress["Status"], progress["ConfigChangeStatus"]), ("COMPLETED", "Completed"))
    es.update_domain_config(DomainName="search",
                            SnapshotOptions={"AutomatedSnapshotStartHour": 5})
    sandbox.advance("2m")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["Processing"]
    equal(status["SnapshotOptions"]["AutomatedSnapshotStartHour"], 5)


@check
def upgrade_and_versions(sandbox):
    es = sandbox.client("opensearch")
    versions = es.list_versions(MaxResults=5)
    equal(len(versions["Versions"]), 5)
    assert versions["NextToken"]
    everything = es.list_versions()["Versions"]
    assert "Elasticsearch_7.10" in everything and "OpenSearch_2.19" in everything
    targets = es.get_compatible_versions(DomainName="search")["CompatibleVersions"]
    equal(targets, [{"SourceVersion": "OpenSearch_2.19",
                     "TargetVersions": ["OpenSearch_3.1", "OpenSearch_3.3"]}])
    refused(es.upgrade_domain, "ValidationException", 400, DomainName="search",
            TargetVersion="OpenSearch_1.3")
    refused(es.get_upgrade_status, "ResourceNotFoundException", 409, DomainName="search")
    es.upgrade_domain(DomainName="search", TargetVersion="OpenSearch_3.1", PerformCheckOnly=True)
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    assert not status["UpgradeProcessing"]
    es.upgrade_domain(DomainName="search", TargetVersion="OpenSearch_3.1")
    status = es.describe_domain(DomainName="search")["DomainStatus"]
    equal((status["UpgradeProcessing"], status["EngineVersion"]), (True, "OpenSearch_2.19"))
    equal(es.get_upgrade_status(DomainName="search")["UpgradeStep"], "PRE_UPGRADE_CHECK")
    sandbox.advance("31m")
    upgrade = es.get_upgrade_status(DomainName="search")
    equal((upgrade["UpgradeStep"], upgrade["StepStatus"]), ("UPGRADE", "SUCCEEDED"))
    equal(es.describe_domain(DomainName="search")["DomainStatus"]["EngineVersion"],
          "OpenSearch_3.1")


@check
def tags_health_and_deletion(sandbox):
    es = sandbox.client("opensearch")
    make_domain(sandbox, "gone")
    arn = f"arn:aws:es:{EAST}:{ACCOUNT}:domain/gone"
    es.add_tags(ARN=arn, TagList=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    es.add_tags(ARN=arn, TagList=[{"Key": "a", "Value": "3"}])
    es.remove_tags(ARN=arn, TagKeys=["b"])
    equal(es.list_tags(ARN=arn)["TagList"], [{"Key": "a", "Value": "3"}])
    health = es.describe_domain_health(DomainName="gone")
    equal((health["ClusterHealth"], health["DataNodeCount"]), ("Green", "3"))
    assert es.delete_domain(DomainName="gone")["DomainStatus"]["Deleted"]
    equal(es.describe_domain(DomainName="gone")["DomainStatus"]["DomainProcessingStatus"],
          "Deleting")
    sandbox.advance("11m")
    refused(es.describe_domain, "ResourceNotFoundException", 409, DomainName="gone")


@check
def one_way_settings_and_master_user(sandbox):
    es = sandbox.client("opensearch")
    host = make_domain(sandbox, "secure", AdvancedSecurityOptions={
        "Enabled": True, "InternalUserDatabaseEnabled": True, "MasterUserOptions": {
            "MasterUserName": "admin", "MasterUserPassword": "Long-Pass-word-1"}}, **SECURE)
    status = es.describe_domain(DomainName="secure")["DomainStatus"]
    assert "MasterUserOptions" not in status["AdvancedSecurityOptions"], status
    assert status["EncryptionAtRestOptions"]["KmsKeyId"].startswith("arn:aws:kms:us-east-1:")
    refused(es.update_domain_config, "ValidationException", 400, DomainName="secure",
            EncryptionAtRestOptions={"Enabled": False})
    refused(es.update_domain_config, "ValidationException", 400, DomainName="secure",
            AdvancedSecurityOptions={"Enabled": False})
    state = json.dumps(es.describe_domain_config(DomainName="secure"), default=str)
    assert "Long-Pass-word-1" not in state
    equal(sandbox.cluster(host, "GET", "/_cluster/health", basic="admin:Long-Pass-word-1")[0], 200)
    equal(sandbox.cluster(host, "GET", "/_cluster/health", basic="admin:wrong")[0], 401)
