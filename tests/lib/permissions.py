"""What IAM would say to the calls of the sandbox's log, told from AWS's side alone.

needs(call)        the (action, ARN) pairs that a call must be allowed, by the service authorization
                   reference: https://docs.aws.amazon.com/service-authorization/latest/reference/
allowed(...)       an evaluator of identity policies: Allow statements, * and ? in actions and
                   resources, ${*} and its like for themselves, the operators below; whatever it does
                   not know is an error, so that nothing passes unjudged
"""
import re

GLOBAL = ("iam", "route53")
# Authorised by the action of another name. All others are SERVICE:OPERATION.
RENAMED = {
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "s3:HeadBucket": "s3:ListBucket",
}
PREFIXES = {"opensearch": "es", "tagging": "tag"}
# A request that carries tags is judged as a tagging one too.
WITH_TAGS = {"iam:CreateRole": "iam:TagRole", "sns:CreateTopic": "sns:TagResource", "es:CreateDomain": "es:AddTags",
             "cloudwatch:PutMetricAlarm": "cloudwatch:TagResource"}
# Actions without a resource type, and the one call that needs no permission at all.
NO_RESOURCE = ("iam:ListRoles", "iam:GetAccountAuthorizationDetails", "route53:ListHealthChecks",
               "route53:ListHostedZonesByName", "route53:CreateHealthCheck", "tag:GetResources")
FREE = ("sts:GetCallerIdentity",)


class Unknown(Exception):
    """A call or a part of a policy that this file cannot judge."""


def action_of(call):
    if call["service"] == "cluster":
        return "es:ESHttp" + call["method"].capitalize()
    name = f"{PREFIXES.get(call['service'], call['service'])}:{call['operation']}"
    return RENAMED.get(name, name)


def domain_of(host):
    """search-NAME-26CHARS.REGION.es.amazonaws.com -> NAME; None for a host that is not AWS's."""
    found = re.match(r"(?:search|vpc)-(.+)-[a-z0-9]{26}\.[a-z0-9-]+\.es\.", host)
    return found and found[1]


def arns_of(call, action, account, roles):
    """`roles`: name -> ARN, where a role has a path."""
    service, region, name = action.split(":")[0], call["region"], call["resource"]
    if action in NO_RESOURCE:
        return ["*"]
    if service == "s3":
        return [f"arn:aws:s3:::{name}"]
    if service == "iam":
        return [roles.get(name, f"arn:aws:iam::{account}:role/{name}")]
    if call["service"] == "cluster":
        return [f"arn:aws:es:{region}:{account}:domain/{domain_of(call['host'])}{call['path']}"]
    if service == "es":
        names = call.get("names") or [name]
        return [f"arn:aws:es:{region}:{account}:domain/{one.rpartition('/')[2]}" for one in names]
    if service == "cloudwatch":
        names = call.get("names") or [name.rpartition("alarm:")[2]]
        return [f"arn:aws:cloudwatch:{region}:{account}:alarm:{one}" for one in names]
    if service == "sns":
        return [f"arn:aws:sns:{region}:{account}:{name}"]
    if service == "route53":
        kind = "hostedzone" if "RecordSets" in action else "healthcheck"
        return [f"arn:aws:route53:::{kind}/{name}"]
    raise Unknown(f"{action} on {name}")


def needs(call, account, roles=None):
    """Nothing for a call that IAM does not judge."""
    if call["service"] == "cluster" and not domain_of(call.get("host", "")):
        return []
    action = action_of(call)
    if action in FREE:
        return []
    arns = arns_of(call, action, account, roles or {})
    found = [(name, arn) for name in filter(None, (action, WITH_TAGS.get(action))) for arn in arns]
    if call["operation"] in ("CreateRepository", "PutBucketReplication"):
        found += [("iam:PassRole", arn) for arn in call.get("names", []) if arn]
    return found


def context_of(call):
    """The condition keys of the request that the log tells."""
    names = call.get("names", [])
    keys = {"aws:RequestedRegion": "us-east-1" if call["service"] in GLOBAL else call["region"]}
    if call["service"] == "iam" and names:
        keys["iam:PermissionsBoundary" if "Boundary" in call["operation"] else "iam:PolicyARN"] = names[0]
    if call["operation"] == "ChangeResourceRecordSets":
        keys["route53:ChangeResourceRecordSetsNormalizedRecordNames"] = [name.rstrip(".") for name in names]
    return keys


def refused(documents, calls, account, roles=None):
    """The (action, ARN) pairs that these calls need and the policy does not allow; and all they need."""
    found, used = {}, set()
    for call in calls:
        for action, arn in needs(call, account, roles):
            used.add(action)
            if not allowed(documents, action, arn, context_of(call)):
                found[action, arn] = call
    return found, used


# --- evaluating

def pattern(text, wild=True):
    """The regular expression of an Action or a Resource."""
    pieces = re.split(r"(\$\{[^}]*\}|[*?])", text)
    out = ""
    for piece in pieces:
        if piece in ("${*}", "${?}", "${$}"):
            out += re.escape(piece[2])
        elif piece.startswith("${"):
            raise Unknown(f"policy variable {piece}")
        elif piece in ("*", "?") and wild:
            out += ".*" if piece == "*" else "."
        else:
            out += re.escape(piece)
    return re.compile(out + r"\Z", re.S)


OPERATORS = {
    "StringEquals": lambda have, want: any(have == one for one in want),
    "StringLike": lambda have, want: any(pattern(one).match(have) for one in want),
    "ArnEquals": lambda have, want: any(pattern(one).match(have) for one in want),
    "Bool": lambda have, want: any(have.lower() == one.lower() for one in want),
}


def many(value):
    return value if isinstance(value, list) else [value]


def meets(condition, context):
    """A key that the request does not carry fails, but for ForAllValues."""
    for operator, keys in condition.items():
        every = operator.startswith("ForAllValues:")
        test = OPERATORS.get(operator.removeprefix("ForAllValues:"))
        if not test:
            raise Unknown(f"condition operator {operator}")
        for key, want in keys.items():
            have = context.get(key)
            if have is None and not every:
                return False
            if have is not None and not all(test(one, many(want)) for one in many(have)):
                return False
    return True


def allowed(documents, action, arn, context):
    for document in documents:
        if document["Version"] != "2012-10-17" or set(document) != {"Version", "Statement"}:
            raise Unknown(f"document {sorted(document)}")
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow" or set(statement) - {"Effect", "Action", "Resource", "Condition"}:
                raise Unknown(f"statement {sorted(statement)}")
            if (any(pattern(one.lower()).match(action.lower()) for one in many(statement["Action"]))
                    and any(pattern(one).match(arn) for one in many(statement["Resource"]))
                    and meets(statement.get("Condition", {}), context)):
                return True
    return False


def actions(documents):
    return {one for document in documents for statement in document["Statement"] for one in many(statement["Action"])}
