"""Checks of the clusters behind domains: signed calls, compared with what real nodes answered."""
import http.client
import json

import botocore.credentials
import botocore.exceptions

from services_driver import ACCOUNT, EAST, SECURE, WEST, check, equal, make_domain



def make_role(sandbox, name, bucket, source=None, actions=None):
    iam = sandbox.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
             "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"aws:SourceAccount": source or ACCOUNT}}}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"},
            {"Effect": "Allow", "Action": actions or ["s3:GetObject", "s3:PutObject",
                                                      "s3:DeleteObject"],
             "Resource": f"arn:aws:s3:::{bucket}/*"}]}))
    return role


def fixture(sandbox):
    """A domain in the west, buckets and a role: made once."""
    if not hasattr(sandbox, "fixture"):
        for name, region in (("snap-east", EAST), ("snap-west", WEST)):
            more = {} if region == EAST else {
                "CreateBucketConfiguration": {"LocationConstraint": region}}
            sandbox.client("s3", region).create_bucket(Bucket=name, **more)
        role = make_role(sandbox, "snapshot", "snap-west")
        host = make_domain(sandbox, "west", WEST, AdvancedSecurityOptions={
            "Enabled": True, "InternalUserDatabaseEnabled": False, "MasterUserOptions": {
                "MasterUserARN": f"arn:aws:iam::{ACCOUNT}:user/sandbox"}}, **SECURE)
        sandbox.fixture = (host, role)
    host, role = sandbox.fixture

    def call(method, path, body=None, **more):
        return sandbox.cluster(host, method, path, body, region=WEST, **more)

    return call, role


@check
def cluster_is_reached_by_its_host_name(sandbox):
    call, _ = fixture(sandbox)
    status, body = call("GET", "/")
    equal((status, body["version"]["number"], body["version"]["distribution"]),
          (200, "2.19.0", "opensearch"))
    equal(call("GET", "/_cluster/health")[1]["status"], "green")
    try:
        sandbox.cluster("search-none-abc.us-west-2.es.amazonaws.com", "GET", "/", region=WEST)
        raise AssertionError("an unknown host answered")
    except (http.client.HTTPException, ConnectionError):
        pass
    status, _ = sandbox.cluster(sandbox.fixture[0], "GET", "/", region=EAST)
    equal(status, 403)
    equal(call("GET", "/", credentials="none")[0], 403)
    bad = botocore.credentials.Credentials(sandbox.env["AWS_ACCESS_KEY_ID"], "wrong")
    equal(call("GET", "/", credentials=bad)[0], 403)


@check
def documents_are_counted(sandbox):
    call, _ = fixture(sandbox)
    for i in range(3):
        equal(call("PUT", f"/logs-1/_doc/{i}?refresh=true", {"n": i})[0], 201)
    lines = "".join(json.dumps(x) + "\n" for i in range(5)
                    for x in ({"index": {"_index": "logs-2", "_id": str(i)}}, {"n": i}))
    equal(call("POST", "/_bulk", lines)[0], 200)
    equal(call("GET", "/logs-2/_count")[1]["count"], 5)
    equal(call("GET", "/logs-*/_count")[1]["count"], 8)
    equal(call("GET", "/absent/_count")[0], 404)
    rows = call("GET", "/_cat/indices/logs-*?format=json")[1]
    equal({row["index"]: row["docs.count"] for row in rows}, {"logs-1": "3", "logs-2": "5"})


@check
def repository_registration_checks_role_and_place(sandbox):
    call, role = fixture(sandbox)
    right = {"bucket": "snap-west", "region": WEST, "role_arn": role, "base_path": "search"}

    def put(name, **changes):
        settings = {key: value for key, value in {**right, **changes}.items() if value is not None}
        return call("PUT", f"/_snapshot/{name}", {"type": "s3", "settings": settings})

    for changes in ({"bucket": "no-such-bucket"}, {"region": EAST}, {"role_arn": None},
                    {"role_arn": f"arn:aws:iam::{ACCOUNT}:role/absent"},
                    {"role_arn": make_role(sandbox, "foreign", "snap-west", "999999999999")},
                    {"role_arn": make_role(sandbox, "weak", "snap-west",
                                           actions=["s3:GetObject"])}):
        status, body = put("bad", **changes)
        equal((status, body["error"]["type"]), (500, "repository_verification_exception"))
        equal(call("GET", "/_snapshot/bad")[0], 200)  # registered all the same
        equal(call("DELETE", "/_snapshot/bad")[0], 200)
    equal(put("nightly", compress=True, made_up=5), (200, {"acknowledged": True}))
    got = call("GET", "/_snapshot/nightly")[1]["nightly"]
    equal(got, {"type": "s3", "settings": {**right, "compress": "true", "made_up": "5"}})
    status, body = call("GET", "/_snapshot/absent")
    equal((status, body["error"]["type"]), (404, "repository_missing_exception"))
    equal(call("POST", "/_snapshot/nightly/_verify")[0], 200)
    equal(put("cs-mine")[0], 400)
    equal(put("elsewhere", bucket="snap-east", region=None, endpoint="s3.amazonaws.com",
              role_arn=make_role(sandbox, "snapshot-east", "snap-east"))[0], 200)
    equal(put("nightly", compress=True, made_up=5)[0], 200)


@check
def snapshots_are_blobs_in_s3(sandbox):
    call, _ = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    status, body = call("PUT", "/_snapshot/nightly/first?wait_for_completion=true",
                        {"indices": "logs-*", "metadata": {"k": "v"}})
    snapshot = body["snapshot"]
    equal((status, snapshot["state"], sorted(snapshot["indices"])),
          (200, "SUCCESS", ["logs-1", "logs-2"]))
    equal(snapshot["metadata"], {"k": "v"})
    equal(snapshot["version_id"], 2190099 ^ 0x08000000)
    equal(call("PUT", "/_snapshot/nightly/second", {"indices": ["logs-1"]}),
          (200, {"accepted": True}))
    status, body = call("GET", "/_snapshot/nightly/_current")
    equal([one["state"] for one in body["snapshots"]], ["IN_PROGRESS"])
    equal(len(call("GET", "/_snapshot/_status")[1]["snapshots"]), 1)
    sandbox.advance("1m")
    listed = call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
    equal([one["snapshot"] for one in listed], ["first", "second"])
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    generations = [key for key in keys if key.startswith("search/index-")]
    equal(generations, ["search/index-1"])
    latest = s3.get_object(Bucket="snap-west", Key="search/index.latest")["Body"].read()
    equal(latest, (1).to_bytes(8, "big"))
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-1")["Body"].read())
    equal([one["name"] for one in index["snapshots"]], ["first", "second"])
    for one in index["snapshots"]:
        blob = s3.get_object(Bucket="snap-west", Key=f"search/snap-{one['uuid']}.dat")["Body"].read()
        equal((blob[:4].hex(), blob[17:20].hex() if blob[4] == 8 else ""), ("3fd76c17", "3a290a"))
        assert f"search/meta-{one['uuid']}.dat" in keys
    one = index["indices"]["logs-1"]
    data = [key for key in keys if key.startswith(f"search/indices/{one['id']}/0/__")]
    equal(len(data), 1)  # the second snapshot used the first's file again
    rows = call("GET", "/_cat/snapshots/nightly?format=json&s=id")[1]
    equal([(row["id"], row["status"]) for row in rows], [("first", "SUCCESS"),
                                                         ("second", "SUCCESS")])
    status, body = call("PUT", "/_snapshot/nightly/first")
    equal((status, body["error"]["type"]), (400, "invalid_snapshot_name_exception"))
    status, body = call("GET", "/_snapshot/nightly/absent")
    equal((status, body["error"]["type"]), (404, "snapshot_missing_exception"))


@check
def restore_reads_the_blobs(sandbox):
    call, role = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    status, body = call("POST", "/_snapshot/nightly/first/_restore", {"indices": "logs-1"})
    equal((status, body["error"]["type"]), (500, "snapshot_restore_exception"))
    status, body = call(
        "POST", "/_snapshot/nightly/first/_restore?wait_for_completion=true",
        {"indices": "logs-*", "rename_pattern": "^(.+)$", "rename_replacement": "drill-$1",
         "include_global_state": False})
    equal((status, body["snapshot"]["shards"]), (200, {"total": 2, "failed": 0, "successful": 2}))
    equal(call("GET", "/drill-logs-2/_count")[1]["count"], 5)
    equal(call("GET", "/drill-logs-1/_recovery")[1]["drill-logs-1"]["shards"][0]["type"],
          "SNAPSHOT")
    equal(call("DELETE", "/drill-*")[0], 200)
    equal(call("POST", "/_snapshot/nightly/first/_restore", {"include_global_state": True})[0], 403)
    # damage: data gone -> 200 with failed shards and a red index
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-1")["Body"].read())
    gone = next(key for key in keys if f"{index['indices']['logs-2']['id']}/0/__" in key)
    kept = s3.get_object(Bucket="snap-west", Key=gone)["Body"].read()
    s3.delete_object(Bucket="snap-west", Key=gone)
    equal(call("GET", "/_snapshot/nightly/_all")[0], 200)
    status, body = call("POST", "/_snapshot/nightly/first/_restore?wait_for_completion=true",
                        {"indices": "logs-2", "rename_pattern": "(.+)",
                         "rename_replacement": "x-$1"})
    equal((status, body["snapshot"]["shards"]["failed"]), (200, 1))
    equal(call("GET", "/_cluster/health/x-logs-2")[1]["status"], "red")
    equal(call("GET", "/x-logs-2/_count")[0], 503)
    call("DELETE", "/x-logs-2")
    s3.put_object(Bucket="snap-west", Key=gone, Body=kept)
    # damage: root snap-*.dat gone -> the whole verbose listing fails
    root = f"search/snap-{index['snapshots'][1]['uuid']}.dat"
    kept = s3.get_object(Bucket="snap-west", Key=root)["Body"].read()
    s3.delete_object(Bucket="snap-west", Key=root)
    status, body = call("GET", "/_snapshot/nightly/_all")
    equal((status, body["error"]["type"]), (404, "snapshot_missing_exception"))
    equal(len(call("GET", "/_snapshot/nightly/_all?verbose=false")[1]["snapshots"]), 2)
    s3.put_object(Bucket="snap-west", Key=root, Body=kept)
    equal(len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]), 2)


@check
def readonly_repositories_refuse_and_deletes_clean_up(sandbox):
    call, role = fixture(sandbox)
    s3 = sandbox.client("s3", WEST)
    settings = {"bucket": "snap-west", "region": WEST, "role_arn": role, "base_path": "search",
                "readonly": True}
    equal(call("PUT", "/_snapshot/copy", {"type": "s3", "settings": settings})[0], 200)
    equal(len(call("GET", "/_snapshot/copy/_all")[1]["snapshots"]), 2)
    equal(call("PUT", "/_snapshot/copy/third")[0], 500)
    equal(call("DELETE", "/_snapshot/copy/first")[0], 500)
    equal(call("DELETE", "/_snapshot/nightly/first")[0], 200)
    equal(call("DELETE", "/_snapshot/nightly/first")[0], 404)
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="snap-west", Prefix="search/")["Contents"]]
    equal(len([key for key in keys if key.startswith("search/snap-")]), 1)
    index = json.loads(s3.get_object(Bucket="snap-west", Key="search/index-2")["Body"].read())
    equal(list(index["indices"]), ["logs-1"])
    assert not [key for key in keys if "/indices/" in key
                and index["indices"]["logs-1"]["id"] not in key], keys
    equal(call("GET", "/_snapshot/nightly/second/_status")[1]["snapshots"][0]["state"], "SUCCESS")


@check
def role_mappings(sandbox):
    call, _ = fixture(sandbox)
    api = "/_plugins/_security/api"
    equal(call("GET", f"{api}/rolesmapping/manage_snapshots")[0], 404)
    ci = f"arn:aws:iam::{ACCOUNT}:role/ci"
    status, body = call("PUT", f"{api}/rolesmapping/manage_snapshots", {"backend_roles": [ci]})
    equal((status, body), (201, {"status": "CREATED", "message": "'manage_snapshots' created."}))
    equal(call("PUT", f"{api}/rolesmapping/manage_snapshots", {"backend_roles": [ci]})[0], 200)
    equal(call("PUT", f"{api}/rolesmapping/x", {"reserved": False, "users": ["a"]})[0], 400)
    equal(call("PUT", f"{api}/rolesmapping/x", {})[0], 400)
    got = call("GET", f"{api}/rolesmapping/manage_snapshots")[1]["manage_snapshots"]
    equal(got, {"backend_roles": [ci], "hosts": [], "users": [], "and_backend_roles": [],
                "reserved": False, "hidden": False})
    equal(call("PATCH", f"{api}/rolesmapping/manage_snapshots", [
        {"op": "add", "path": "/users/-", "value": "backup"}])[0], 200)
    equal(call("PATCH", f"{api}/rolesmapping", [
        {"op": "add", "path": "/all_access", "value": {"users": ["root"]}},
        {"op": "replace", "path": "/manage_snapshots/users", "value": ["b1", "b2"]}])[0], 200)
    everything = call("GET", f"{api}/rolesmapping")[1]
    equal(sorted(everything), ["all_access", "manage_snapshots"])
    equal(everything["manage_snapshots"]["users"], ["b1", "b2"])
    equal(call("PATCH", f"{api}/rolesmapping/manage_snapshots", [
        {"op": "remove", "path": "/users/9"}])[0], 400)
    equal(call("DELETE", f"{api}/rolesmapping/all_access")[0], 200)
    equal(call("DELETE", f"{api}/rolesmapping/all_access")[0], 404)
    role = call("GET", f"{api}/roles/snapshot_management_full_access")[1]
    assert "cluster:admin/snapshot/*" in role["snapshot_management_full_access"]["cluster_permissions"]


@check
def fine_grained_access_maps_roles(sandbox):
    call, _ = fixture(sandbox)
    iam, sts = sandbox.client("iam"), sandbox.client("sts")
    for name in ("ci", "nobody"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}))

    def session(name):
        got = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
                              RoleSessionName="run")["Credentials"]
        return botocore.credentials.Credentials(got["AccessKeyId"], got["SecretAccessKey"],
                                                got["SessionToken"])

    equal(call("GET", "/_snapshot", credentials=session("ci"))[0], 200)
    status, body = call("PUT", "/_snapshot/mine", {"type": "s3", "settings": {}},
                        credentials=session("nobody"))
    equal(status, 403)
    reason = body["error"]["root_cause"][0]["reason"]
    nobody = f"arn:aws:iam::{ACCOUNT}:role/nobody"  # a domain knows a session by its role
    equal(reason, f"no permissions for [cluster:admin/repository/put] and User [name={nobody}, "
                  f"backend_roles=[{nobody}], requestedTenant=null]")
    equal(call("GET", "/_plugins/_security/api/rolesmapping", credentials=session("nobody")), (403, {
        "status": "FORBIDDEN",
        "message": f"No permission to access REST API: User {nobody} with Security roles [] does not "
                   "have any role privileged for admin access. No ssl info found in request."}))
    status, body = call("GET", "/_plugins/_sm/policies", credentials=session("ci"))
    equal(status, 403)  # manage_snapshots alone is not enough
    assert "snapshot_management/policy/search" in body["error"]["reason"]


POLICY = {
    "description": "every hour", "enabled": True,
    "creation": {"schedule": {"cron": {"expression": "0 * * * *", "timezone": "UTC"}},
                 "time_limit": "60m"},
    "deletion": {"condition": {"max_age": "36h", "max_count": 4, "min_count": 1},
                 "time_limit": "1h"},
    "snapshot_config": {"date_format": "yyyy-MM-dd-HH:mm", "timezone": "UTC", "indices": "logs-*",
                        "repository": "nightly", "include_global_state": "false",
                        "metadata": {"k": "v"}},
}


@check
def snapshot_management_replies_as_recorded(sandbox):
    call, _ = fixture(sandbox)
    path = "/_plugins/_sm/policies"
    equal(call("GET", path), (200, {"policies": [], "total_policies": 0}))
    status, body = call("POST", f"{path}/hourly", POLICY)
    equal(status, 201)
    equal((body["_id"], body["_version"], body["_primary_term"]), ("hourly-sm-policy", 1, 1))
    policy = body["sm_policy"]
    equal(set(policy), {"name", "description", "schema_version", "creation", "deletion",
                        "snapshot_config", "schedule", "enabled", "last_updated_time",
                        "enabled_time"})
    equal(policy["creation"]["time_limit"], "1h")
    equal(policy["deletion"]["condition"]["max_age"], "1.5d")
    equal(policy["deletion"]["schedule"], POLICY["creation"]["schedule"])
    equal(policy["snapshot_config"], POLICY["snapshot_config"])
    status, error = call("POST", f"{path}/hourly", POLICY)
    equal((status, error["error"]["type"], error["error"]["reason"]), (
        409, "version_conflict_engine_exception",
        "[hourly-sm-policy]: version conflict, document already exists (current version [1])"))
    equal(call("GET", f"{path}/absent"), (404, {"error": {
        "root_cause": [{"type": "status_exception",
                        "reason": "Snapshot management policy not found"}],
        "type": "status_exception", "reason": "Snapshot management policy not found"},
        "status": 404}))
    status, error = call("PUT", f"{path}/hourly", POLICY)
    equal((status, error["error"]["type"]), (400, "action_request_validation_exception"))
    bad = {"creation": {"schedule": {"cron": {"expression": "nonsense", "timezone": "UTC"}}},
           "snapshot_config": {"repository": "nightly"}}
    status, error = call("POST", f"{path}/bad", bad)
    equal((status, error["error"]["reason"]),
          (400, "Cron expression contains 1 parts but we expect one of [5]"))
    bad["creation"]["schedule"]["cron"]["expression"] = "0 1 * * *"
    bad["snapshot_config"] = {}
    status, error = call("POST", f"{path}/bad", bad)
    equal((status, error["error"]["reason"]),
          (400, "Must provide the repository in snapshot config."))
    seq = body["_seq_no"]
    status, changed = call("PUT", f"{path}/hourly?if_seq_no={seq}&if_primary_term=1",
                           {**POLICY, "description": "changed"})
    equal((status, changed["_version"]), (200, 2))
    assert changed["_seq_no"] > seq
    equal(call("PUT", f"{path}/hourly?if_seq_no={seq}&if_primary_term=1", POLICY)[0], 409)
    equal(call("GET", f"{path}/hourly/_explain")[1],
          {"policies": [{"name": "hourly", "enabled": True}]})


@check
def snapshot_management_fires_and_expires(sandbox):
    call, _ = fixture(sandbox)
    path = "/_plugins/_sm/policies"
    sandbox.advance("1h")
    mine = [one for one in call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
            if one.get("metadata", {}).get("sm_policy") == "hourly"]
    equal(len(mine), 1)
    equal(mine[0]["metadata"], {"k": "v", "sm_policy": "hourly"})
    assert mine[0]["snapshot"].startswith("hourly-20") and mine[0]["start_time"].endswith(":00:00.000Z")
    sandbox.advance("8h")
    listed = call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]
    mine = [one for one in listed if one.get("metadata", {}).get("sm_policy") == "hourly"]
    equal(len(mine), 4)  # max_count
    assert "second" in [one["snapshot"] for one in listed]
    explain = call("GET", f"{path}/hourly/_explain")[1]["policies"][0]
    equal(explain["creation"]["latest_execution"]["status"], "SUCCESS")
    equal(call("POST", f"{path}/hourly/_stop"), (200, {"acknowledged": True}))
    stopped = call("GET", f"{path}/hourly")[1]["sm_policy"]
    equal((stopped["enabled"], stopped["enabled_time"]), (False, None))
    before = len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"])
    sandbox.advance("3h")
    equal(len(call("GET", "/_snapshot/nightly/_all")[1]["snapshots"]), before)
    equal(call("POST", f"{path}/hourly/_start")[0], 200)
    status, body = call("DELETE", f"{path}/hourly")
    equal((status, body["result"]), (200, "deleted"))
    equal(call("GET", f"{path}/hourly")[0], 404)


@check
def self_managed_elasticsearch_has_slm(sandbox):
    host = "es.internal:9200"
    sandbox.control("POST", "clusters", {"host": host, "engine": "Elasticsearch_7.10",
                                         "user": "elastic", "password": "changeme"})
    auth = {"basic": "elastic:changeme"}
    equal(sandbox.cluster(host, "GET", "/", basic="elastic:wrong")[0], 401)
    equal(sandbox.cluster(host, "GET", "/", **auth)[1]["version"]["number"], "7.10.2")
    equal(sandbox.cluster(host, "PUT", "/logs/_doc/1", {"a": 1}, **auth)[0], 201)
    equal(sandbox.cluster(host, "PUT", "/_snapshot/r", {"type": "s3", "settings": {
        "bucket": "snap-east", "base_path": "es"}}, **auth)[0], 200)
    policy = {"schedule": "0 30 1 * * ?", "name": "<nightly-{now/d}>", "repository": "r",
              "config": {"indices": ["*"]}, "retention": {"expire_after": "30d", "min_count": 1,
                                                          "max_count": 3}}
    equal(sandbox.cluster(host, "PUT", "/_slm/policy/n", {**policy, "schedule": "0 1 * *"},
                          **auth)[0], 400)
    equal(sandbox.cluster(host, "PUT", "/_slm/policy/n", policy, **auth)[0], 200)
    status, body = sandbox.cluster(host, "POST", "/_slm/policy/n/_execute", **auth)
    equal(status, 200)
    assert body["snapshot_name"].startswith("nightly-20"), body
    sandbox.advance("5d")
    got = sandbox.cluster(host, "GET", "/_slm/policy/n", **auth)[1]["n"]
    equal((got["policy"], got["version"]), (policy, 1))
    assert got["stats"]["snapshots_taken"] >= 5 and got["stats"]["snapshots_deleted"] >= 1, got
    equal(sandbox.cluster(host, "GET", "/_slm/policy/absent", **auth)[0], 404)
    call, _ = fixture(sandbox)
    equal(call("GET", "/_slm/policy")[0], 400)  # a domain has none


@check
def a_domain_made_again_is_empty(sandbox):
    es = sandbox.client("opensearch", EAST)
    host = make_domain(sandbox, "again")
    equal(sandbox.cluster(host, "PUT", "/old/_doc/1", {"a": 1})[0], 201)
    es.delete_domain(DomainName="again")
    sandbox.advance("11m")
    host = make_domain(sandbox, "again")
    equal(sandbox.cluster(host, "GET", "/old/_count")[0], 404)


@check
def a_region_that_is_down_answers_nothing(sandbox):
    call, _ = fixture(sandbox)
    sandbox.control("POST", "regions/us-west-2", {"state": "down"})
    try:
        for one in (lambda: call("GET", "/"),
                    lambda: sandbox.client("opensearch", WEST).list_domain_names()):
            try:
                one()
                raise AssertionError("it answered")
            except (http.client.HTTPException, ConnectionError,
                    botocore.exceptions.HTTPClientError):
                pass
    finally:
        sandbox.control("POST", "regions/us-west-2", {"state": "up"})
    equal(call("GET", "/")[0], 200)
