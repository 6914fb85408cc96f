"""Checks of CloudWatch and Route 53: alarms, records, health checks, failover by a metric stream."""
import datetime
import json
import time
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

from services_driver import ACCOUNT, EAST, WEST, check, equal, refused

# --- CloudWatch --------------------------------------------------------------------------------------

ALARM = {"AlarmName": "switch", "Namespace": "lifeboat", "MetricName": "active",
         "Dimensions": [{"Name": "stack", "Value": "t"}], "Statistic": "Maximum", "Period": 60,
         "EvaluationPeriods": 1, "Threshold": 0.5, "TreatMissingData": "ignore",
         "ComparisonOperator": "GreaterThanThreshold"}


def put_metric(cloudwatch, value, **more):
    cloudwatch.put_metric_data(Namespace="lifeboat", MetricData=[{
        "MetricName": "active", "Dimensions": ALARM["Dimensions"], "Value": value, **more}])


@check
def alarms_follow_the_data(sandbox):
    cw = sandbox.client("cloudwatch", WEST)
    cw.put_metric_alarm(**ALARM, Tags=[{"Key": "a", "Value": "1"}])

    def alarm():
        return cw.describe_alarms(AlarmNames=["switch"])["MetricAlarms"][0]

    got = alarm()
    equal(got["StateValue"], "INSUFFICIENT_DATA")
    for key, value in ALARM.items():
        equal(got[key], value)
    assert isinstance(got["StateUpdatedTimestamp"], datetime.datetime), got
    arn = got["AlarmArn"]
    equal(arn, f"arn:aws:cloudwatch:{WEST}:{ACCOUNT}:alarm:switch")
    put_metric(cw, 0)
    sandbox.advance("1m")
    equal(alarm()["StateValue"], "OK")
    put_metric(cw, 1)
    sandbox.advance("1m")
    equal(alarm()["StateValue"], "ALARM")
    cw.set_alarm_state(AlarmName="switch", StateValue="OK", StateReason="test")
    equal(alarm()["StateValue"], "OK")
    cw.put_metric_alarm(**{**ALARM, "Threshold": 0.75}, Tags=[{"Key": "b", "Value": "2"}])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "a", "Value": "1"}])
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "3"}])
    cw.untag_resource(ResourceARN=arn, TagKeys=["a"])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "b", "Value": "3"}])
    equal(sandbox.client("cloudwatch", EAST).describe_alarms()["MetricAlarms"], [])


@check
def metric_data_is_read_back(sandbox):
    cw = sandbox.client("cloudwatch", WEST)
    listed = cw.list_metrics(Namespace="lifeboat")["Metrics"]
    equal(listed, [{"Namespace": "lifeboat", "MetricName": "active",
                    "Dimensions": ALARM["Dimensions"]}])
    now = datetime.datetime.fromtimestamp(sandbox.control("GET", "clock")["now_s"]
                                          if "now_s" in sandbox.control("GET", "clock")
                                          else time.time(), datetime.timezone.utc)
    got = cw.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {
            "Metric": {"Namespace": "lifeboat", "MetricName": "active",
                       "Dimensions": ALARM["Dimensions"]}, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - datetime.timedelta(days=30), EndTime=now + datetime.timedelta(days=30))
    result = got["MetricDataResults"][0]
    equal((result["Id"], result["StatusCode"], result["Values"]), ("q", "Complete", [1.0, 0.0]))
    assert all(isinstance(one, datetime.datetime) for one in result["Timestamps"])
    refused(cw.put_metric_data, "InvalidParameterValue", 400, Namespace="AWS/ES",
            MetricData=[{"MetricName": "x", "Value": 1}])


@check
def alarms_page_and_speak_json_too(sandbox):
    cw = sandbox.client("cloudwatch", EAST)
    for i in range(7):
        cw.put_metric_alarm(**{**ALARM, "AlarmName": f"a{i}"})
    pages = list(cw.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix="a", PaginationConfig={"PageSize": 3}))
    equal([len(page["MetricAlarms"]) for page in pages], [3, 3, 1])
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=sandbox.url + "/", data='{"AlarmNames":["a3"]}', headers={
            "X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms",
            "Content-Type": "application/x-amz-json-1.0"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(
        sandbox.env["AWS_ACCESS_KEY_ID"], sandbox.env["AWS_SECRET_ACCESS_KEY"]), "monitoring",
        EAST).add_auth(request)
    answer = urllib.request.urlopen(urllib.request.Request(
        request.url, data=request.data.encode() if isinstance(request.data, str) else request.data,
        headers=dict(request.headers.items()), method="POST"))
    body = json.loads(answer.read())
    equal((body["MetricAlarms"][0]["AlarmName"], body["MetricAlarms"][0]["Threshold"]),
          ("a3", 0.5))
    refused(cw.delete_alarms, "ResourceNotFound", 404, AlarmNames=["a1", "absent"])
    cw.delete_alarms(AlarmNames=[f"a{i}" for i in range(7)])
    equal(cw.describe_alarms()["MetricAlarms"], [])


# --- Route 53 ----------------------------------------------------------------------------------------


def zone(sandbox, r53):
    if not hasattr(sandbox, "zone"):
        made = r53.create_hosted_zone(Name="Example.com", CallerReference="zone-1")
        sandbox.zone = made["HostedZone"]["Id"]
        sandbox.change = made["ChangeInfo"]
    return sandbox.zone


def record(name="es.example.com", set_id=None, failover=None, value="a.example.net", check=None,
           kind="CNAME", ttl=60):
    made = {"Name": name, "Type": kind, "TTL": ttl, "ResourceRecords": [{"Value": value}]}
    for key, given in (("SetIdentifier", set_id), ("Failover", failover), ("HealthCheckId", check)):
        if given:
            made[key] = given
    return made


def change(r53, zone_id, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": one} for action, one in changes]}
    return r53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)["ChangeInfo"]


def records(r53, zone_id, **arguments):
    got = r53.list_resource_record_sets(HostedZoneId=zone_id, **arguments)["ResourceRecordSets"]
    return [one for one in got if one["Type"] not in ("NS", "SOA")]


@check
def zones(sandbox):
    r53 = sandbox.client("route53")
    zone_id = zone(sandbox, r53)
    assert zone_id.startswith("/hostedzone/Z"), zone_id
    refused(r53.create_hosted_zone, "HostedZoneAlreadyExists", 409, Name="example.com",
            CallerReference="zone-1")
    r53.create_hosted_zone(Name="example.org", CallerReference="zone-2")
    got = r53.list_hosted_zones_by_name(DNSName="example.com")
    equal([one["Name"] for one in got["HostedZones"]], ["example.com.", "example.org."])
    equal(got["IsTruncated"], False)
    got = r53.list_hosted_zones_by_name(DNSName="example.com", MaxItems="1")
    equal((got["IsTruncated"], got["NextDNSName"]), (True, "example.org."))
    equal(len(r53.list_hosted_zones()["HostedZones"]), 2)
    equal(r53.get_hosted_zone(Id=zone_id)["HostedZone"]["ResourceRecordSetCount"], 2)
    equal(r53.get_change(Id=sandbox.change["Id"])["ChangeInfo"]["Status"], "PENDING")
    sandbox.advance("1m")
    equal(r53.get_change(Id=sandbox.change["Id"])["ChangeInfo"]["Status"], "INSYNC")
    refused(r53.get_hosted_zone, "NoSuchHostedZone", 404, Id="Z00000000000000000000")


@check
def record_sets_are_checked_and_atomic(sandbox):
    r53 = sandbox.client("route53")
    zone_id = zone(sandbox, r53)
    change(r53, zone_id, ("CREATE", record("*.Wild.example.com")), ("UPSERT", record("plain.example.com")))
    names = [one["Name"] for one in records(r53, zone_id)]
    equal(names, ["plain.example.com.", "\\052.wild.example.com."])

    def invalid(*changes, code="InvalidChangeBatch"):
        batch = {"Changes": [{"Action": a, "ResourceRecordSet": one} for a, one in changes]}
        return refused(r53.change_resource_record_sets, code, HostedZoneId=zone_id,
                       ChangeBatch=batch)

    invalid(("CREATE", record("fresh.example.com")), ("CREATE", record("plain.example.com")))
    equal(len(records(r53, zone_id)), 2)  # nothing of the batch was done
    invalid(("DELETE", record("plain.example.com", value="other.example.net")))
    several = invalid(("CREATE", record("plain.example.com")), ("DELETE", record("no.example.com")),
                      code="")  # botocore finds no code in this form
    assert "Messages" in several, several
    invalid(("DELETE", record("absent.example.com")))
    invalid(("CREATE", record("example.com")))  # CNAME at the apex
    invalid(("CREATE", record("elsewhere.example.net")))
    invalid(("CREATE", record("plain.example.com", set_id="p", failover="PRIMARY")))
    invalid(("CREATE", record("es.example.com", "a", "PRIMARY")),
            ("CREATE", record("es.example.com", "b", "PRIMARY")))
    invalid(("CREATE", record("es.example.com", failover="PRIMARY")), code="InvalidInput")
    invalid(("CREATE", record("es.example.com", "a")), code="InvalidInput")
    invalid(("CREATE", record("es.example.com", "a", "PRIMARY", check="absent")),
            code="NoSuchHealthCheck")
    change(r53, zone_id, ("DELETE", record("plain.example.com")))
    invalid(("DELETE", record("plain.example.com")))
    equal(len(records(r53, zone_id)), 1)


@check
def prior_requests_and_rates(sandbox):
    r53 = sandbox.client("route53")
    fast = boto3.client("route53", region_name=EAST, endpoint_url=sandbox.url,
                        config=botocore.config.Config(retries={"total_max_attempts": 1}),
                        aws_access_key_id=sandbox.env["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=sandbox.env["AWS_SECRET_ACCESS_KEY"])
    zone_id = zone(sandbox, r53)
    time.sleep(1.2)
    change(fast, zone_id, ("UPSERT", record("busy.example.com")))
    refused(lambda: change(fast, zone_id, ("UPSERT", record("busy.example.com"))),
            "PriorRequestNotComplete", 400)
    time.sleep(1.2)
    codes = []
    for _ in range(12):
        try:
            fast.get_hosted_zone(Id=zone_id)
        except botocore.exceptions.ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert codes and set(codes) == {"Throttling"}, codes
    time.sleep(1.2)


@check
def health_checks(sandbox):
    r53 = sandbox.client("route53")
    config = {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Region": WEST, "Name": "switch"},
              "InsufficientDataHealthStatus": "LastKnownStatus"}
    refused(r53.create_health_check, "InvalidInput", 400, CallerReference="none",
            HealthCheckConfig={**config, "AlarmIdentifier": {"Region": WEST, "Name": "absent"}})
    made = r53.create_health_check(CallerReference="c-1", HealthCheckConfig=config)["HealthCheck"]
    again = r53.create_health_check(CallerReference="c-1", HealthCheckConfig=config)["HealthCheck"]
    equal(made["Id"], again["Id"])
    refused(r53.create_health_check, "HealthCheckAlreadyExists", 409, CallerReference="c-1",
            HealthCheckConfig={**config, "InsufficientDataHealthStatus": "Healthy"})
    got = r53.get_health_check(HealthCheckId=made["Id"])["HealthCheck"]
    equal(got["HealthCheckConfig"], {**config, "Inverted": False, "Disabled": False})
    equal(got["HealthCheckVersion"], 1)
    alarm = got["CloudWatchAlarmConfiguration"]
    equal((alarm["MetricName"], alarm["Threshold"], alarm["Dimensions"]),
          ("active", 0.75, ALARM["Dimensions"]))
    r53.update_health_check(HealthCheckId=made["Id"], HealthCheckVersion=1,
                            InsufficientDataHealthStatus="Unhealthy")
    refused(r53.update_health_check, "HealthCheckVersionMismatch", 409, HealthCheckId=made["Id"],
            HealthCheckVersion=1, InsufficientDataHealthStatus="Healthy")
    updated = r53.update_health_check(HealthCheckId=made["Id"],
                                      InsufficientDataHealthStatus="LastKnownStatus")["HealthCheck"]
    equal(updated["HealthCheckVersion"], 3)
    r53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"], AddTags=[
        {"Key": "Name", "Value": "switch"}, {"Key": "x", "Value": "y"}])
    r53.change_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"],
                                 RemoveTagKeys=["x"])
    sets = r53.list_tags_for_resources(ResourceType="healthcheck",
                                       ResourceIds=[made["Id"]])["ResourceTagSets"]
    equal(sets[0]["Tags"], [{"Key": "Name", "Value": "switch"}])
    equal(r53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=made["Id"])
          ["ResourceTagSet"]["ResourceId"], made["Id"])
    refused(r53.list_tags_for_resources, "InvalidInput", 400, ResourceType="healthcheck",
            ResourceIds=[made["Id"]] * 11)
    other = r53.create_health_check(CallerReference="c-2", HealthCheckConfig={
        "Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"})["HealthCheck"]
    equal((other["HealthCheckConfig"]["Port"], other["HealthCheckConfig"]["RequestInterval"],
           other["HealthCheckConfig"]["EnableSNI"]), (443, 30, True))
    equal(len(r53.get_health_check_status(HealthCheckId=other["Id"])["HealthCheckObservations"]), 5)
    equal(len(r53.list_health_checks()["HealthChecks"]), 2)
    r53.delete_health_check(HealthCheckId=other["Id"])
    refused(r53.get_health_check, "NoSuchHealthCheck", 404, HealthCheckId=other["Id"])
    refused(r53.create_health_check, "HealthCheckAlreadyExists", 409, CallerReference="c-2",
            HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "www.example.com"})
    sandbox.check = made["Id"]


@check
def failover_follows_the_stream_not_the_state(sandbox):
    r53, cw = sandbox.client("route53"), sandbox.client("cloudwatch", WEST)
    zone_id = zone(sandbox, r53)
    primary = record("es.example.com", "primary", "PRIMARY", "east.example.net", sandbox.check)
    change(r53, zone_id, ("CREATE", primary),
           ("CREATE", record("es.example.com", "secondary", "SECONDARY", "west.example.net")))
    refused(r53.delete_health_check, "HealthCheckInUse", 400, HealthCheckId=sandbox.check)
    got = records(r53, zone_id, StartRecordName="es.example.com", StartRecordType="CNAME")[:2]
    equal([one["SetIdentifier"] for one in got], ["primary", "secondary"])
    equal(got[0], {**primary, "Name": "es.example.com."})

    def answer():
        return sandbox.control("GET", "dns/es.example.com")["answers"][0]["value"]

    put_metric(cw, 0)
    sandbox.advance("1m")
    equal(answer(), "east.example.net")
    cw.set_alarm_state(AlarmName="switch", StateValue="ALARM", StateReason="test")
    equal(answer(), "east.example.net")  # the state does not count
    put_metric(cw, 1, StorageResolution=1)
    sandbox.advance("1m")
    equal(answer(), "east.example.net")  # nor do high-resolution points
    put_metric(cw, 1)
    sandbox.advance("1m")
    equal(answer(), "west.example.net")
    sandbox.advance("3h")
    equal(answer(), "west.example.net")  # last known status
    sandbox.control("POST", "regions/us-east-1", {"state": "down"})
    sandbox.control("POST", "regions/route53", {"state": "down"})
    try:
        put_metric(cw, 0)
        sandbox.advance("1m")
        equal(answer(), "east.example.net")
        put_metric(cw, 1)
        sandbox.advance("1m")
        equal(answer(), "west.example.net")  # the data plane needs neither
    finally:
        sandbox.control("POST", "regions/route53", {"state": "up"})
        sandbox.control("POST", "regions/us-east-1", {"state": "up"})


@check
def wrong_secret_is_refused_in_each_services_words(sandbox):
    refused(sandbox.client("route53", secret="wrong").list_hosted_zones, "SignatureDoesNotMatch",
            403)
    refused(sandbox.client("opensearch", secret="wrong").list_domain_names,
            "InvalidSignatureException", 403)
    refused(sandbox.client("cloudwatch", secret="wrong").describe_alarms,
            "InvalidSignatureException", 403)
    refused(sandbox.client("resourcegroupstaggingapi", secret="wrong").get_resources,
            "InvalidSignatureException", 403)
