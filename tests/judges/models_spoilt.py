"""Good exchanges made bad in one way each: a judge that passes one of them is asleep.

A row: operation, which side is changed (`ask` or `answer`), what is replaced and by what in its bytes
(for `head`, a header), and words that the fault must hold.
"""
import copy

ROWS = (
    ("iam:CreateRole", "ask", b"RoleName=", b"RolName=", "no parameter 'RolName'"),
    ("iam:CreateRole", "ask", b"RoleName=", b"RolName=", "RoleName is required"),
    ("iam:CreateRole", "ask", b"Version=2010-05-08", b"Version=2010-05-09", "Version"),
    ("iam:CreateRole", "ask", b"MaxSessionDuration=3600", b"MaxSessionDuration=1h", "not a integer"),
    ("iam:CreateRole", "ask", b"MaxSessionDuration=3600", b"MaxSessionDuration=60", "at least"),
    ("iam:CreateRole", "ask", b"Tags.member.1.Key=", b"Tags.1.Key=", "no parameter 'Tags.1.Key'"),
    ("iam:CreateRole", "answer", b"<RoleId>", b"<RoleID>", None),
    ("iam:GetRole", "answer", b"<CreateDate>20", b"<CreateDate>x20", "Invalid timestamp"),
    ("opensearch:CreateDomain", "ask", b'"EBSEnabled":true', b'"EBSEnabled":"yes"', "not a boolean"),
    ("opensearch:CreateDomain", "ask", b'"gp3"', b'"gp9"', "is none of"),
    ("opensearch:CreateDomain", "ask", b'"DomainName"', b'"Domain"', "no member 'Domain'"),
    ("opensearch:CreateDomain", "answer", b'"DomainId"', b'"DomainID"', "DomainId is required"),
    ("opensearch:DescribeDomains", "answer", b'"Created":true', b'"Created":null', "null"),
    ("cloudwatch:PutMetricAlarm", "ask", b'"Period":60', b'"Period":"60"', "not a integer"),
    ("cloudwatch:PutMetricAlarm", "ask", b'"Maximum"', b'"p99"', "is none of"),
    ("route53:ChangeResourceRecordSets", "ask", b"<Name>search.example.com</Name><Type>CNAME</Type>",
     b"<Type>CNAME</Type><Name>search.example.com</Name>", "the model's order"),
    ("route53:ChangeResourceRecordSets", "ask", b"<TTL>60", b"<TTL>-1", "at least"),
    ("route53:CreateHealthCheck", "ask", b"/doc/2013-04-01/", b"/doc/2012-12-12/", "root element"),
    ("route53:CreateHealthCheck", "answer", b"HealthCheckVersion>", b"Version>", "no member <Version>"),
    ("s3:PutBucketLifecycleConfiguration", "ask", b"<Days>7</Days>", b"<Days>8</Days>",
     "is not that of the body"),
    ("s3:PutBucketLifecycleConfiguration", "head", "x-amz-checksum-sha256", None, "checksum"),
    ("s3:PutBucketVersioning", "head", "x-amz-versioning", "Enabled", "no header"),
    ("s3:PutBucketVersioning", "head", "content-type", "text/xml", "content type"),
    ("sns:CreateTopic", "ask", b"Attributes.entry.1.", b"Attributes.1.", "no parameter 'Attributes.1"),
    ("sns:CreateTopic", "ask", b"Attributes.entry.1.value=", b"Attributes.entry.1.valu=", "is not a string"),
    ("sns:GetTopicAttributes", "answer", b"<key>Owner</key>", b"<key>TopicArn</key>", "there twice"),
    ("cluster:CreateRepository", "ask", b'"bucket"', b'"buckt"', "buckt"),
    ("cluster:PatchRoleMappings", "ask", b'"op":"add"', b'"op":"set"', "set"),
    ("cluster:CreateSnapshotManagementPolicy", "ask", b'"min_count":7', b'"min_count":"7"', "body"),
)


def spoil(exchange, side, old, new):
    """A copy with the change; None where there is nothing to change."""
    out = copy.deepcopy(exchange)
    if side == "head":
        out.headers.pop(old, None)
        if new is not None:
            out.headers[old] = new
        return out
    message = out if side == "ask" else out.answer
    if message is None or old not in message.body:
        return None
    message.body = message.body.replace(old, new)
    return out


class Watch:
    """Keeps one good exchange for each row as they pass, and tells which rows went unnoticed."""

    def __init__(self):
        self.kept = {}

    def see(self, name, exchange, faults_of):
        for number, (operation, side, old, new, _) in enumerate(ROWS):
            if operation == name and number not in self.kept and exchange.ours:
                spoilt = spoil(exchange, side, old, new)
                if spoilt is not None and (exchange.status or 500) < 300:
                    self.kept[number] = faults_of(spoilt)

    def tell(self, checks):
        for number, (operation, side, old, new, words) in enumerate(ROWS):
            faults = self.kept.get(number)
            noticed = faults is not None and any((words or "") in text for text in faults)
            checks.true(f"spoilt {operation}: {side} {old!r} -> {new!r} is noticed", noticed,
                        "was never seen" if faults is None else faults)
