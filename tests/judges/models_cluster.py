"""A cluster's REST API as a table: the calls that exist, what they take, what they answer.

No service model speaks of it. The rows follow the OpenSearch documentation's API reference (snapshots,
security, snapshot management) and Elasticsearch's specification (_slm); bodies are JSON Schemas.
A call or a member without a row is a fault.
"""
import functools
import json
import re

import jsonschema

TEXT, COUNT, FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
TIME = {"type": "string", "pattern": r"^[0-9]+(d|h|m|s|ms|micros|nanos)$"}
SIZE = {"type": "string", "pattern": r"^[0-9]+(b|kb|mb|gb|tb|pb)$"}


def record(members, required=(), **more):
    return {"type": "object", "additionalProperties": False, "properties": members,
            "required": list(required), **more}


def map_of(value, names=None):
    out = {"type": "object", "additionalProperties": value}
    return {**out, "propertyNames": {"pattern": names}} if names else out


# --- snapshots: "Register snapshot repository", "Take and restore snapshots" --------------------
SETTINGS = {"bucket": TEXT, "base_path": {"type": "string", "pattern": "^[^/].*[^/]$|^[^/]$"},
            "client": TEXT, "region": TEXT, "role_arn": TEXT, "location": TEXT,
            "endpoint": {"type": "string", "not": {"pattern": "://.*/"}},
            "readonly": FLAG, "compress": FLAG, "chunk_size": SIZE, "buffer_size": SIZE,
            "max_snapshot_bytes_per_sec": SIZE, "max_restore_bytes_per_sec": SIZE,
            "server_side_encryption": FLAG, "server_side_encryption_type": TEXT,
            "server_side_encryption_kms_key_id": TEXT, "expected_bucket_owner": TEXT,
            "storage_class": {"enum": ["standard", "reduced_redundancy", "standard_ia",
                                       "onezone_ia", "intelligent_tiering"]},
            "canned_acl": TEXT, "disable_chunked_encoding": FLAG, "path_style_access": FLAG,
            "shard_path_type": {"enum": ["FIXED", "HASHED_PREFIX", "HASHED_INFIX"]},
            "remote_store_index_shallow_copy": FLAG}
BY_TYPE = [  # `region` and `endpoint` stand in for each other on the service
    {"if": {"properties": {"type": {"const": "s3"}}},
     "then": {"properties": {"settings": {"required": ["bucket"]}}}},
    {"if": {"properties": {"type": {"const": "fs"}}},
     "then": {"properties": {"settings": {"required": ["location"]}}}}]
# What was registered by others is sent back as it was read: every value a text.
AS_READ = {name: {"anyOf": [value, TEXT]} for name, value in SETTINGS.items()}
REPOSITORY = record({"type": {"enum": ["s3", "fs"]}, "settings": record(AS_READ)},
                    ["type", "settings"], allOf=BY_TYPE)
REPOSITORIES = map_of(record({"type": TEXT, "uuid": TEXT, "settings": map_of(
    {"anyOf": [TEXT, map_of(TEXT)]})}, ["type", "settings"]))
SNAPSHOT = record({"indices": {"anyOf": [TEXT, TEXTS]}, "ignore_unavailable": FLAG,
                   "include_global_state": FLAG, "partial": FLAG, "metadata": {"type": "object"}})
RESTORE = record({"indices": {"anyOf": [TEXT, TEXTS]}, "ignore_unavailable": FLAG,
                  "include_global_state": FLAG, "include_aliases": FLAG, "partial": FLAG,
                  "rename_pattern": TEXT, "rename_replacement": TEXT, "index_settings": map_of({}),
                  "ignore_index_settings": TEXTS, "storage_type": TEXT})
ACKNOWLEDGED = record({"acknowledged": {"const": True}}, ["acknowledged"])
ACCEPTED = record({"accepted": {"const": True}}, ["accepted"])

# --- security: "Role mapping" -------------------------------------------------------------------
MEMBERS = {"backend_roles": TEXTS, "and_backend_roles": TEXTS, "hosts": TEXTS, "users": TEXTS,
           "description": TEXT}
MAPPING = record(MEMBERS, minProperties=1)
PATCH = {"type": "array", "minItems": 1, "items": record(
    {"op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
     "path": {"type": "string", "pattern": "^/[^/]+"}, "value": MAPPING}, ["op", "path"])}
MAPPINGS = map_of(record({**MEMBERS, "reserved": FLAG, "hidden": FLAG},
                         ["backend_roles", "hosts", "users"]))
DONE = record({"status": {"enum": ["OK", "CREATED"]}, "message": TEXT}, ["status", "message"])

# --- snapshot management ------------------------------------------------------------------------
CRON = record({"cron": record({"expression": {"type": "string", "pattern": r"^\S+( \S+){4}$"},
                               "timezone": TEXT}, ["expression", "timezone"])}, ["cron"])
CONFIG = record({"repository": TEXT, "indices": TEXT, "date_format": TEXT,
                 "date_format_timezone": TEXT, "ignore_unavailable": FLAG,
                 "include_global_state": FLAG, "partial": FLAG, "metadata": map_of({})},
                ["repository"])
SM = {"description": TEXT, "enabled": FLAG, "snapshot_config": CONFIG,
      "creation": record({"schedule": CRON, "time_limit": TIME}, ["schedule"]),
      "deletion": record({"schedule": CRON, "time_limit": TIME, "condition": record(
          {"max_age": TIME, "max_count": COUNT, "min_count": COUNT},
          anyOf=[{"required": ["max_age"]}, {"required": ["max_count"]}])}, ["condition"]),
      "notification": map_of({})}
SM_POLICY = record(SM, ["snapshot_config", "creation"])
SM_KEPT = record({
    "_id": {"type": "string", "pattern": "-sm-policy$"}, "_version": COUNT, "_seq_no": COUNT,
    "_primary_term": COUNT, "sm_policy": record({
        **SM, "name": TEXT, "schema_version": COUNT, "enabled_time": {"type": ["integer", "null"]},
        "last_updated_time": COUNT, "schedule": record({"interval": record(
            {"start_time": COUNT, "period": COUNT, "unit": TEXT}, ["start_time", "period"])})},
        ["name", "schema_version", "creation", "snapshot_config", "schedule", "enabled",
         "last_updated_time"])}, ["_id", "_seq_no", "_primary_term", "sm_policy"])
SM_LIST = record({"policies": {"type": "array", "items": SM_KEPT}, "total_policies": COUNT},
                 ["policies", "total_policies"])

# --- snapshot lifecycle management (Elasticsearch) ----------------------------------------------
SLM_POLICY = record({
    "schedule": {"type": "string", "pattern": r"^\S+( \S+){5,6}$"}, "name": TEXT,
    "repository": TEXT, "config": record({
        "indices": {"anyOf": [TEXT, TEXTS]}, "ignore_unavailable": FLAG,
        "include_global_state": FLAG, "partial": FLAG, "metadata": map_of({}),
        "feature_states": TEXTS, "expand_wildcards": TEXT}),
    "retention": record({"expire_after": TIME, "min_count": COUNT, "max_count": COUNT})},
    ["schedule", "name", "repository"])
SLM_LIST = map_of(record({
    "version": COUNT, "modified_date": TEXT, "modified_date_millis": COUNT, "policy": SLM_POLICY,
    "next_execution": TEXT, "next_execution_millis": COUNT, "last_success": map_of({}),
    "last_failure": map_of({}), "in_progress": map_of({}), "stats": map_of({})},
    ["version", "modified_date_millis", "policy", "next_execution_millis", "stats"]))

INFO = record({"name": TEXT, "cluster_name": TEXT, "cluster_uuid": TEXT, "tagline": TEXT,
               "version": {"type": "object", "required": ["number"]}}, ["cluster_name", "version"])

NAME = r"[a-z0-9][a-z0-9_.%-]*"
SECURITY = "/_(?:plugins|opendistro)/_security/api"
ANY = object()  # an answer that is read as it comes
ROWS = (  # method, path, query parameters, body, answer
    ("Info", "GET", "/", (), None, INFO),
    ("GetRepository", "GET", f"/_snapshot(?:/{NAME})?", (), None, REPOSITORIES),
    ("CreateRepository", "PUT", f"/_snapshot/{NAME}", ("verify",), REPOSITORY, ACKNOWLEDGED),
    ("VerifyRepository", "POST", f"/_snapshot/{NAME}/_verify", (), None, ANY),
    ("GetSnapshot", "GET", f"/_snapshot/{NAME}/[^_][^/]*|/_snapshot/{NAME}/_all",
     ("verbose", "ignore_unavailable"), None, ANY),
    ("CreateSnapshot", "PUT", f"/_snapshot/{NAME}/[^_/][^/]*", ("wait_for_completion",), SNAPSHOT,
     ACCEPTED),
    ("DeleteSnapshot", "DELETE", f"/_snapshot/{NAME}/[^_/*][^/*]*", (), None, ACKNOWLEDGED),
    ("RestoreSnapshot", "POST", f"/_snapshot/{NAME}/[^/]+/_restore", ("wait_for_completion",),
     RESTORE, ACCEPTED),
    ("GetRoleMappings", "GET", SECURITY + "/rolesmapping", (), None, MAPPINGS),
    ("PatchRoleMappings", "PATCH", SECURITY + "/rolesmapping", (), PATCH, DONE),
    ("GetSnapshotManagementPolicies", "GET", "/_plugins/_sm/policies",
     ("from", "size", "sortField", "sortOrder", "queryString"), None, SM_LIST),
    ("CreateSnapshotManagementPolicy", "POST", f"/_plugins/_sm/policies/{NAME}", (), SM_POLICY,
     SM_KEPT),
    ("UpdateSnapshotManagementPolicy", "PUT", f"/_plugins/_sm/policies/{NAME}",
     ("if_seq_no", "if_primary_term"), SM_POLICY, SM_KEPT),
    ("GetSnapshotLifecyclePolicies", "GET", "/_slm/policy", (), None, SLM_LIST),
    ("PutSnapshotLifecyclePolicy", "PUT", f"/_slm/policy/{NAME}", (), SLM_POLICY, ACKNOWLEDGED),
)
QUERY_NEEDED = {"UpdateSnapshotManagementPolicy": ("if_seq_no", "if_primary_term")}
ERROR = {"type": "object", "anyOf": [
    {"required": ["error", "status"], "properties": {"error": {"anyOf": [TEXT, {
        "type": "object", "required": ["type", "reason", "root_cause"]}]}, "status": COUNT}},
    {"required": ["status", "message"]}, {"required": ["Message"]}, {"required": ["message"]}]}


class Found:
    def __init__(self, row):
        self.operation, _, _, self.query, self.body, self.answer = row
        self.name = "cluster:" + self.operation


def find(exchange):
    for row in ROWS:
        if row[1] == exchange.method and re.fullmatch(row[2], exchange.raw_path):
            return Found(row)
    return None


@functools.lru_cache(None)
def validator(text):
    return jsonschema.Draft7Validator(json.loads(text))


def check(schema, data, where, faults):
    try:
        value = json.loads(data)
    except ValueError as error:
        faults.append(f"{where}: {error}")
        return
    for error in validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        path = "".join(f".{part}" for part in error.absolute_path)
        faults.append(f"{where}{path}: {error.message[:300]}")


def request_faults(found, exchange):
    faults, names = [], [name for name, _ in exchange.query]
    faults += [f"no query parameter {name!r}" for name in names if name not in found.query]
    faults += [f"query {name} is required" for name in QUERY_NEEDED.get(found.operation, ())
               if name not in names]
    if found.body is None and exchange.body:
        faults.append("takes no body")
    elif found.body is not None:
        if exchange.headers.get("content-type", "").split(";")[0] != "application/json":
            faults.append("content type is not application/json")
        check(found.body, exchange.body, "body", faults)
    return faults


def answer_faults(found, exchange):
    faults = []
    if exchange.status >= 400:
        check(ERROR, exchange.answer.body, "answer", faults)
    elif found.answer is not ANY:
        check(found.answer, exchange.answer.body, "answer", faults)
    return faults
