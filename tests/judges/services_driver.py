"""What the checks of the sandbox's services share: a running sandbox, signed calls, comparisons."""
import base64
import http.client
import json
import signal
import subprocess
import time
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions

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

    def client(self, service, region=EAST, token=None, key=None, secret=None):
        config = botocore.config.Config(
            retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=5,
            read_timeout=30, s3={"addressing_style": "path"})
        client = boto3.client(
            service, region_name=region, endpoint_url=self.url, config=config,
            aws_access_key_id=key or self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret or self.env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=token)
        if service == "route53":  # stay below 5 requests a second
            client.meta.events.register("before-call.route-53", lambda **kw: time.sleep(0.23))
            client.meta.events.register("before-call.route53", lambda **kw: time.sleep(0.23))
        return client

    def control(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", data=data, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read().decode() or "null")

    def advance(self, duration):
        self.control("POST", "clock", {"advance": duration})

    def cluster(self, host, method, path, body=None, region=EAST, credentials=None, basic=None):
        """One call to a cluster: (status, JSON or text). Dialled at the sandbox, signed for host."""
        data = json.dumps(body) if body is not None else None
        if isinstance(body, str):
            data = body
        headers = {"Host": host}
        if data is not None:
            headers["Content-Type"] = "application/json"
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        elif credentials != "none":
            request = botocore.awsrequest.AWSRequest(
                method=method, url=f"https://{host}{path}", data=data, headers=headers)
            credentials = credentials or botocore.credentials.Credentials(
                self.env["AWS_ACCESS_KEY_ID"], self.env["AWS_SECRET_ACCESS_KEY"])
            botocore.auth.SigV4Auth(credentials, "es", region).add_auth(request)
            headers = dict(request.headers.items())
            headers["Host"] = host
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data.encode())))
        connection.endheaders(data.encode() if data is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def refused(call, code, status=None, **arguments):
    """The call fails with that code; gives the message."""
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        if status:
            got = error.response["ResponseMetadata"]["HTTPStatusCode"]
            assert got == status, f"HTTP {got}, wanted {status}"
        return error.response
    raise AssertionError(f"{code} was wanted, the call succeeded")


def equal(is_, wanted):
    assert is_ == wanted, f"{is_!r}, wanted {wanted!r}"


EBS = {"EBSEnabled": True, "VolumeType": "gp3", "VolumeSize": 100}
SECURE = {
    "EncryptionAtRestOptions": {"Enabled": True}, "NodeToNodeEncryptionOptions": {"Enabled": True},
    "DomainEndpointOptions": {"EnforceHTTPS": True,
                              "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"},
}


def make_domain(sandbox, name, region=EAST, engine="OpenSearch_2.19", **more):
    es = sandbox.client("opensearch", region)
    es.create_domain(DomainName=name, EngineVersion=engine, EBSOptions=EBS, ClusterConfig={
        "InstanceType": "r7g.large.search", "InstanceCount": 3}, **more)
    sandbox.advance("16m")
    return es.describe_domain(DomainName=name)["DomainStatus"]["Endpoint"]
