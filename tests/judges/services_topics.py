"""Checks of SNS: topics, their attributes, tags and subscriptions."""
import json

from services_driver import ACCOUNT, EAST, WEST, check, equal, refused

ARN = f"arn:aws:sns:{EAST}:{ACCOUNT}:pager"
TAGS = [{"Key": "team", "Value": "search"}]


def policy(**more):
    statement = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
                 "Action": "sns:Publish", "Resource": ARN,
                 "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, **more}]})


def topic(sandbox):
    """The client, and a topic that is there."""
    sns = sandbox.client("sns")
    equal(sns.create_topic(Name="pager", Attributes={"Policy": policy(), "DisplayName": "a & b"},
                           Tags=TAGS)["TopicArn"], ARN)
    return sns


def attributes(sns):
    return sns.get_topic_attributes(TopicArn=ARN)["Attributes"]


@check
def a_topic_is_created_once(sandbox):
    sns = topic(sandbox)
    topic(sandbox)
    equal(sns.create_topic(Name="pager")["TopicArn"], ARN)
    equal([one["TopicArn"] for one in sns.list_topics()["Topics"]], [ARN])
    equal(sandbox.client("sns", WEST).list_topics()["Topics"], [])
    got = refused(sns.create_topic, "InvalidParameter", 400, Name="pager",
                  Tags=[{"Key": "team", "Value": "other"}])
    equal(got["Error"]["Message"],
          "Invalid parameter: Tags Reason: Topic already exists with different tags")
    got = refused(sns.create_topic, "InvalidParameter", 400, Name="pager", Tags=TAGS,
                  Attributes={"DisplayName": "c"})
    equal(got["Error"]["Message"],
          "Invalid parameter: Attributes Reason: Topic already exists with different attributes")
    equal(got["Error"]["Type"], "Sender")
    for bad in ({"Name": "pager.fifo"}, {"Name": "a b"}, {"Name": "a" * 257},
                {"Name": "p", "Attributes": {"Colour": "red"}},
                {"Name": "p.fifo", "Attributes": {"FifoTopic": "true"}},
                {"Name": "p", "Tags": TAGS + TAGS}):
        refused(sns.create_topic, "InvalidParameter", 400, **bad)


@check
def topic_attributes_are_set_one_by_one(sandbox):
    sns = topic(sandbox)
    got = attributes(sns)
    equal(json.loads(got["Policy"]), json.loads(policy()))
    equal({name: got[name] for name in ("DisplayName", "TopicArn", "Owner",
                                        "SubscriptionsConfirmed", "SubscriptionsPending")},
          {"DisplayName": "a & b", "TopicArn": ARN, "Owner": ACCOUNT,
           "SubscriptionsConfirmed": "0", "SubscriptionsPending": "0"})
    assert "KmsMasterKeyId" not in got, got

    def put(name, value=""):
        sns.set_topic_attributes(TopicArn=ARN, AttributeName=name, AttributeValue=value)

    put("KmsMasterKeyId", "alias/on-call")
    equal(attributes(sns)["KmsMasterKeyId"], "alias/on-call")
    put("KmsMasterKeyId")
    assert "KmsMasterKeyId" not in attributes(sns)
    put("DisplayName", "c")
    equal(attributes(sns)["DisplayName"], "c")
    put("DisplayName", "a & b")
    for name, value in (("Colour", "red"), ("DisplayName", "x" * 101), ("Policy", "{"),
                        ("Policy", policy(Action="sns:*")), ("Policy", policy(Action="s3:Get")),
                        ("Policy", policy(Effect="Maybe")), ("Policy", policy(Resource=ARN + "x")),
                        ("KmsMasterKeyId", f"arn:aws:kms:{WEST}:{ACCOUNT}:key/x")):
        refused(put, "InvalidParameter", 400, name=name, value=value)
    equal(json.loads(attributes(sns)["Policy"]), json.loads(policy()))
    sns.create_topic(Name="plain")
    default = sns.get_topic_attributes(TopicArn=ARN.replace("pager", "plain"))["Attributes"]
    equal(json.loads(default["Policy"])["Id"], "__default_policy_ID")
    equal(default["DisplayName"], "")


@check
def topic_tags_are_kept_in_order(sandbox):
    sns = topic(sandbox)

    def tags():
        return sns.list_tags_for_resource(ResourceArn=ARN)["Tags"]

    sns.tag_resource(ResourceArn=ARN, Tags=[{"Key": "owner", "Value": ""},
                                            {"Key": "team", "Value": "x"}])
    equal(tags(), [{"Key": "team", "Value": "x"}, {"Key": "owner", "Value": ""}])
    listed = sandbox.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "owner"}])["ResourceTagMappingList"]
    equal([one["ResourceARN"] for one in listed], [ARN])
    sns.untag_resource(ResourceArn=ARN, TagKeys=["owner", "absent"])
    sns.tag_resource(ResourceArn=ARN, Tags=TAGS)
    equal(tags(), TAGS)
    many = [{"Key": f"k{i}", "Value": "v"} for i in range(50)]
    refused(sns.tag_resource, "TagLimitExceeded", 400, ResourceArn=ARN, Tags=many)
    refused(sns.tag_resource, "InvalidParameter", 400, ResourceArn=ARN,
            Tags=[{"Key": "aws:x", "Value": "v"}])


@check
def absent_topics_are_refused_in_snss_words(sandbox):
    sns, absent = sandbox.client("sns"), ARN.replace("pager", "absent")
    refused(sns.get_topic_attributes, "NotFound", 404, TopicArn=absent)
    refused(sns.publish, "NotFound", 404, TopicArn=absent, Message="x")
    refused(sns.list_tags_for_resource, "ResourceNotFound", 404, ResourceArn=absent)
    refused(sns.get_topic_attributes, "InvalidParameter", 400, TopicArn="pager")
    refused(sns.get_topic_attributes, "InvalidParameter", 400, TopicArn=ARN.replace(EAST, WEST))
    refused(sns.get_topic_attributes, "AuthorizationError", 403,
            TopicArn=ARN.replace(ACCOUNT, "999999999999"))
    sandbox.control("POST", "faults", [{"service": "sns", "do": "deny", "count": 1}])
    refused(sns.get_topic_attributes, "AuthorizationError", 403, TopicArn=ARN)
    sandbox.control("POST", "faults", [{"service": "sns", "do": "500", "count": 1}])
    refused(sns.get_topic_attributes, "InternalError", 500, TopicArn=ARN)
    sandbox.control("DELETE", "faults")


@check
def a_topic_has_subscribers_and_takes_messages(sandbox):
    sns = topic(sandbox)
    mail = {"TopicArn": ARN, "Protocol": "email", "Endpoint": "people@example.com"}
    queue = {"TopicArn": ARN, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:{EAST}:{ACCOUNT}:q"}
    equal(sns.subscribe(**mail)["SubscriptionArn"], "pending confirmation")
    arn = sns.subscribe(**queue)["SubscriptionArn"]
    assert arn.startswith(ARN + ":"), arn
    equal(sns.subscribe(**queue)["SubscriptionArn"], arn)
    listed = sns.list_subscriptions_by_topic(TopicArn=ARN)["Subscriptions"]
    equal(listed, [{"SubscriptionArn": "PendingConfirmation", "Owner": ACCOUNT, **mail},
                   {"SubscriptionArn": arn, "Owner": ACCOUNT, **queue}])
    got = attributes(sns)
    equal((got["SubscriptionsPending"], got["SubscriptionsConfirmed"]), ("1", "1"))
    refused(sns.subscribe, "InvalidParameter", 400, **{**mail, "Protocol": "pigeon"})
    assert sns.publish(TopicArn=ARN, Message="it burns", Subject="x")["MessageId"]
    refused(sns.publish, "InvalidParameter", 400, TopicArn=ARN, Message="x" * 262145)


@check
def deleting_a_topic_twice_is_no_error(sandbox):
    sns = topic(sandbox)
    for _ in range(2):
        sns.delete_topic(TopicArn=ARN)
    refused(sns.get_topic_attributes, "NotFound", 404, TopicArn=ARN)
    for i in range(101):
        sns.create_topic(Name=f"many-{i:03}")
    first = sns.list_topics()
    equal(len(first["Topics"]), 100)
    rest = sns.list_topics(NextToken=first["NextToken"])
    equal([one["TopicArn"].rsplit(":", 1)[1] for one in rest["Topics"]][-1], "many-100")
