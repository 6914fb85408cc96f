/* test_hazard.c: for each hazard a stack that has it and a near miss that has it not. */
#include "base/exit.h"
#include "base/json.h"
#include "planner/engine.h"
#include "planner/hazard.h"
#include "tests/unit/kind_kit.h"

#include <stdio.h>
#include <stdlib.h>

/* A whole stack, in pieces that a case can replace. */
#define HEAD KIT_HEAD "objectives: {rpo: 1h, rto: 4h}\n"
#define ROLES "roles:\n  snapshot: {purpose: snapshot}\n"
#define BUCKETS(west)                                                                              \
    "buckets:\n  dr-west: {region: secondary" west "}\n  dr-east: {region: primary}\n"
#define DOMAINS(more)                                                                              \
    "domains:\n  search: {engine: OpenSearch_2.19, data_nodes: {type: r7g.large.search, "          \
    "count: 3, volume: 200Gi}, fine_grained: {enabled: false}" more "}\n"
#define REPOSITORY(name, path, more)                                                               \
    "  " name ": {domain: search, role: snapshot, buckets: {primary: dr-west, secondary: "         \
    "dr-east}, base_path: " path more "}\n"
#define REPOSITORIES "repositories:\n" REPOSITORY("nightly", "search", "")
#define SCHEDULE(more) "schedules:\n  nightly: {repository: nightly" more "}\n"
#define EVERY ", every: 1h, keep: {max_age: 30d}"
#define SCHEDULES SCHEDULE(EVERY)
#define NAME "search.example.com"
#define FAILOVER(more) "failover:\n  " NAME ": {zone: example.com" more "}\n"
#define TARGETS ", targets: {primary: east.example.net, secondary: west.example.net}"

#define WITH_BUCKET(west) HEAD ROLES BUCKETS(west) DOMAINS("") REPOSITORIES SCHEDULES
#define WITH_RULE(rule) WITH_BUCKET(", lifecycle: {rules: [{id: theirs, " rule "}]}")
#define WITH_REPOSITORY(more)                                                                      \
    HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "search", more)     \
        SCHEDULES
#define WITH_ROLE(roles) HEAD roles BUCKETS("") DOMAINS("") REPOSITORIES SCHEDULES
#define WITH_SCHEDULE(more) HEAD ROLES BUCKETS("") DOMAINS("") REPOSITORIES SCHEDULE(more)
#define WITH_DOMAIN(more) HEAD ROLES BUCKETS("") DOMAINS(more) REPOSITORIES SCHEDULES
#define WITH_FAILOVER(more) HEAD DOMAINS("") FAILOVER(more)
#define PLAIN WITH_BUCKET("")
#define LIVE_RULE(rule) "{\"bucket.dr-west\":{\"value\":{\"lifecycle\":{\"rules\":[{" rule "}]}}}}"
#define UNMANAGED ", managed: false"
#define SWITCH_RECORDS(more)                                                                       \
    "{\"failover." NAME "\":{\"value\":{\"records\":["                                             \
    "{\"id\":\"lifeboat:search-dr:primary\",\"type\":\"CNAME\",\"failover\":\"PRIMARY\","          \
    "\"health_check\":\"hc\"}" more "]}}}"
#define TRUST(arn)                                                                                 \
    ", trust: {Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"sts:AssumeRole\", "  \
    "Principal: {Service: es.amazonaws.com}, Condition: {ArnLike: {\"aws:SourceArn\": " arn        \
    "}}}]}"
#define BOTH_DOMAINS                                                                               \
    "[\"arn:aws:es:us-east-1:111122223333:domain/search\", "                                       \
    "\"arn:aws:es:us-west-2:111122223333:domain/search\"]"
#define POLICY(effect, resource)                                                                   \
    ", policies: {lifeboat: {Version: \"2012-10-17\", Statement: [{Effect: " effect                \
    ", Action: \"s3:*\", Resource: " resource "}]}}"
#define ALL_OF(bucket) "\"arn:aws:s3:::" bucket "\", \"arn:aws:s3:::" bucket "/*\""

#define OWN                                                                                        \
    "domains:\n  logs: {engine: Elasticsearch_7.10, endpoint: \"https://es.example.com:9200\"}\n"  \
    "  more: {engine: Elasticsearch_7.10, endpoint: \"https://es2.example.com:9200\"}\n"
#define FOLDERS(first, second)                                                                     \
    HEAD OWN "repositories:\n  nightly: {type: fs, domain: logs, " first "}\n"                     \
             "  hourly: {type: fs, " second "}\n"

/* A registration that a survey found, and what is live of repository.nightly@primary. */
#define REGISTERED(bucket, path, readonly)                                                         \
    ",\"value\":{\"settings\":{\"bucket\":\"" bucket "\",\"base_path\":\"" path                    \
    "\",\"readonly\":\"" readonly "\"}}"
#define FOUND_IN(domain, settings, status, live)                                                   \
    "{\"domain." domain "\":{\"inside\":{\"repository\":[{\"name\":\"old\"," settings              \
    "}]}},\"repository.nightly@primary\":{\"status\":\"" status "\"" live "}}"

#define REPLICATED(west)                                                                           \
    HEAD ROLES "  copy: {purpose: replication}\n" BUCKETS(west) DOMAINS(                           \
        "") "repositories:\n  nightly: {domain: search, role: snapshot, topology: replicated, "    \
            "replication: {delete_markers: false}, base_path: search, "                            \
            "buckets: {primary: dr-east, secondary: dr-west}}\n"
#define LIVE_COPIES(role, rule)                                                                    \
    "{\"bucket.dr-west\":{\"value\":{\"replication\":{\"role\":\"arn:aws:iam::111122223333:"       \
    "role/" role "\",\"rules\":[{" rule "}]}}}}"

#define HAS true
#define HAS_NOT false

static const struct {
    const char *title, *code;
    bool has;
    const char *spec, *live; /* address -> {value, owner, status, inside}; NULL: nothing is read */
} cases[] = {
    /* H001: expiry */
    {"expiry of the whole bucket", "LB-H001", HAS, WITH_RULE("expire_after: 7d"), NULL},
    {"expiry above the path", "LB-H001", HAS, WITH_RULE("prefix: sea, expire_after: 7d"), NULL},
    {"expiry below the path", "LB-H001", HAS,
     WITH_RULE("prefix: search/g1/indices/, expire_after: 365d"), NULL},
    {"expiry at a date", "LB-H001", HAS, WITH_RULE("expire_on: \"2027-01-01T00:00:00Z\""), NULL},
    {"expiry by tag", "LB-H001", HAS, WITH_RULE("tags: {old: \"yes\"}, expire_after: 7d"), NULL},
    {"expiry by size", "LB-H001", HAS, WITH_RULE("larger_than: 1Mi, expire_after: 7d"), NULL},
    {"expiry by a size that cannot be", "LB-H001", HAS_NOT,
     WITH_RULE("larger_than: 2Mi, smaller_than: 1Mi, expire_after: 7d"), NULL},
    {"expiry beside the path", "LB-H001", HAS_NOT, WITH_RULE("prefix: logs/, expire_after: 7d"),
     NULL},
    {"expiry of a sibling with the same beginning", "LB-H001", HAS_NOT,
     WITH_RULE("prefix: search-old/, expire_after: 7d"), NULL},
    {"disabled expiry", "LB-H001", HAS_NOT, WITH_RULE("enabled: false, expire_after: 7d"), NULL},
    {"expiry of lone markers", "LB-H001", HAS_NOT, WITH_RULE("expire_markers: true"), NULL},
    {"expiry in a bucket without repository", "LB-H001", HAS_NOT,
     HEAD BUCKETS(", lifecycle: {rules: [{id: a, expire_after: 7d}]}"), NULL},
    {"expiry in the bucket of the other side", "LB-H001", HAS,
     HEAD ROLES "buckets:\n  dr-west: {region: secondary}\n  dr-east: {region: primary, lifecycle: "
                "{rules: [{id: a, expire_after: 7d}]}}\n" DOMAINS("") REPOSITORIES SCHEDULES,
     NULL},
    {"somebody's expiry, live", "LB-H001", HAS, PLAIN,
     LIVE_RULE("\"id\":\"weekly\",\"enabled\":true,\"prefix\":\"\",\"expire_after\":\"7d\"")},
    {"somebody's expiry beside the path, live", "LB-H001", HAS_NOT, PLAIN,
     LIVE_RULE("\"id\":\"weekly\",\"enabled\":true,\"prefix\":\"tmp/\",\"expire_after\":\"7d\"")},
    {"a live rule of ours that the plan removes", "LB-H001", HAS_NOT, PLAIN,
     LIVE_RULE("\"id\":\"lifeboat-old\",\"enabled\":true,\"expire_after\":\"7d\"")},
    {"a live rule that the plan disables", "LB-H001", HAS_NOT,
     WITH_RULE("enabled: false, expire_after: 7d"),
     LIVE_RULE("\"id\":\"theirs\",\"enabled\":true,\"expire_after\":\"7d\"")},
    {"an expiry in an unmanaged bucket, live", "LB-H001", HAS, WITH_BUCKET(UNMANAGED),
     LIVE_RULE("\"id\":\"lifeboat-old\",\"enabled\":true,\"expire_after\":\"7d\"")},
    {"expiry in a replica's bucket", "LB-H001", HAS,
     HEAD ROLES
     "  copy: {purpose: replication}\n"
     "buckets:\n  dr-west: {region: secondary, replication: {rules: [{id: x, "
     "destination: spare, delete_markers: false}]}}\n"
     "  dr-east: {region: primary}\n"
     "  spare: {region: primary, lifecycle: {rules: [{id: a, expire_after: 7d}]}}\n" DOMAINS("")
         REPOSITORIES SCHEDULES,
     NULL},
    /* H002, H003: transitions */
    {"move to GLACIER", "LB-H002", HAS,
     WITH_RULE("transitions: [{after: 30d, storage_class: GLACIER}]"), NULL},
    {"move to DEEP_ARCHIVE, live", "LB-H002", HAS, PLAIN,
     LIVE_RULE("\"id\":\"cold\",\"transitions\":[{\"after\":\"90d\",\"storage_class\":"
               "\"DEEP_ARCHIVE\"}]")},
    {"move to GLACIER elsewhere", "LB-H002", HAS_NOT,
     WITH_RULE("prefix: logs/, transitions: [{after: 30d, storage_class: GLACIER}]"), NULL},
    {"move to STANDARD_IA is no archive", "LB-H002", HAS_NOT,
     WITH_RULE("transitions: [{after: 30d, storage_class: STANDARD_IA}]"), NULL},
    {"move to STANDARD_IA", "LB-H003", HAS,
     WITH_RULE("transitions: [{after: 30d, storage_class: STANDARD_IA}]"), NULL},
    {"no move", "LB-H003", HAS_NOT, PLAIN, NULL},
    /* H004: undo window */
    {"two days of undo", "LB-H004", HAS, WITH_BUCKET(", versioning: {keep_noncurrent: 2d}"), NULL},
    {"thirty days of undo", "LB-H004", HAS_NOT, WITH_BUCKET(", versioning: {keep_noncurrent: 30d}"),
     NULL},
    {"one day of undo, live", "LB-H004", HAS, PLAIN,
     LIVE_RULE("\"id\":\"n\",\"noncurrent_after\":\"1d\"")},
    /* H005, H006: prefixes */
    {"auto-purge over the repository", "LB-H005", HAS,
     WITH_BUCKET(", auto_purge: {prefix: search/, after: 7d}"), NULL},
    {"auto-purge below the repository", "LB-H005", HAS,
     WITH_BUCKET(", auto_purge: {prefix: search/tmp/, after: 7d}"), NULL},
    {"auto-purge beside the repository", "LB-H005", HAS_NOT,
     WITH_BUCKET(", auto_purge: {after: 7d}"), NULL},
    {"rule with a leading slash", "LB-H006", HAS,
     WITH_RULE("prefix: /auto-purge, expire_after: 7d"), NULL},
    {"leading slash, live", "LB-H006", HAS, PLAIN,
     LIVE_RULE("\"id\":\"p\",\"prefix\":\"/auto-purge\",\"expire_after\":\"7d\"")},
    {"auto_purge takes the slash away", "LB-H006", HAS_NOT,
     WITH_BUCKET(", auto_purge: {prefix: /auto-purge, after: 7d}"), NULL},
    /* H007: versioning */
    {"versioning suspended", "LB-H007", HAS, WITH_BUCKET(", versioning: {status: Suspended}"),
     NULL},
    {"versioning by default", "LB-H007", HAS_NOT, PLAIN, NULL},
    {"versioning never on, unmanaged", "LB-H007", HAS, WITH_BUCKET(UNMANAGED),
     "{\"bucket.dr-west\":{\"value\":{}}}"},
    {"versioning on, unmanaged", "LB-H007", HAS_NOT, WITH_BUCKET(UNMANAGED),
     "{\"bucket.dr-west\":{\"value\":{\"versioning\":{\"status\":\"Enabled\"}}}}"},
    /* H008: topology */
    {"replicated", "LB-H008", HAS,
     HEAD ROLES "  copy: {purpose: replication}\n" BUCKETS("") DOMAINS(
         "") "repositories:\n  nightly: {domain: search, role: snapshot, topology: replicated, "
             "replication: {delete_markers: false}, "
             "buckets: {primary: dr-east, secondary: dr-west}, base_path: search}\n" SCHEDULES,
     NULL},
    {"direct", "LB-H008", HAS_NOT, PLAIN, NULL},
    /* H009: hashed prefixes */
    {"hashed prefix and a scoped rule", "LB-H009", HAS,
     HEAD ROLES BUCKETS(", auto_purge: {after: 7d}") DOMAINS("") "repositories:\n" REPOSITORY(
         "nightly", "search", ", settings: {shard_path_type: HASHED_PREFIX}") SCHEDULES,
     NULL},
    {"hashed prefix without rules", "LB-H009", HAS_NOT,
     WITH_REPOSITORY(", settings: {shard_path_type: HASHED_PREFIX}"), NULL},
    {"fixed path and a scoped rule", "LB-H009", HAS_NOT, WITH_BUCKET(", auto_purge: {after: 7d}"),
     NULL},
    /* H010: root */
    {"repository at the root and an expiry", "LB-H010", HAS,
     HEAD ROLES BUCKETS(", auto_purge: {after: 7d}") DOMAINS("") "repositories:\n" REPOSITORY(
         "nightly", "search", ", settings: {base_path: \"\"}") SCHEDULES,
     NULL},
    {"repository at the root, nothing expires", "LB-H010", HAS_NOT,
     WITH_REPOSITORY(", settings: {base_path: \"\"}"), NULL},
    /* H020: writers */
    {"two repositories on one path", "LB-H020", HAS,
     HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "search", "")
         REPOSITORY("hourly", "search", "") SCHEDULES,
     NULL},
    {"one repository inside another", "LB-H020", HAS,
     HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "search", "")
         REPOSITORY("hourly", "x", ", settings: {base_path: search/g1/hourly}") SCHEDULES,
     NULL},
    {"two repositories side by side", "LB-H020", HAS_NOT,
     HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "search", "")
         REPOSITORY("hourly", "search-hourly", "") SCHEDULES,
     NULL},
    {"a second repository that only reads", "LB-H020", HAS_NOT,
     HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "search", "")
         REPOSITORY("copy", "search", ", settings: {readonly: true}") SCHEDULES,
     NULL},
    {"two repositories in one folder", "LB-H020", HAS,
     FOLDERS("base_path: a", "domain: logs, settings: {location: a/g1}"), NULL},
    {"two repositories in two folders", "LB-H020", HAS_NOT,
     FOLDERS("base_path: a", "domain: logs, base_path: b"), NULL},
    {"one name for the folders of two clusters", "LB-H020", HAS_NOT,
     FOLDERS("base_path: a", "domain: more, base_path: a"), NULL},
    /* H021, H022: the read-only side */
    {"both sides write", "LB-H021", HAS, WITH_REPOSITORY(", settings: {readonly: false}"), NULL},
    {"one side writes", "LB-H021", HAS_NOT, PLAIN, NULL},
    {"unmanaged and writing, live", "LB-H021", HAS, WITH_REPOSITORY(UNMANAGED),
     "{\"repository.nightly@secondary\":{\"value\":{\"settings\":{\"readonly\":\"false\"}}}}"},
    {"unmanaged and reading, live", "LB-H021", HAS_NOT, WITH_REPOSITORY(UNMANAGED),
     "{\"repository.nightly@secondary\":{\"value\":{\"settings\":{\"readonly\":\"true\"}}}}"},
    {"what the plan mends is no error", "LB-H021", HAS_NOT, PLAIN,
     "{\"repository.nightly@secondary\":{\"value\":{\"settings\":{\"readonly\":\"false\"}}}}"},
    {"but it is said", "LB-H022", HAS, PLAIN,
     "{\"repository.nightly@secondary\":{\"value\":{\"settings\":{\"readonly\":\"false\"}}}}"},
    {"the active side may write", "LB-H022", HAS_NOT, PLAIN,
     "{\"repository.nightly@primary\":{\"value\":{\"settings\":{\"readonly\":\"false\"}}}}"},
    /* H011: one role for all rules */
    {"rules of others get another role", "LB-H011", HAS, REPLICATED(""),
     LIVE_COPIES("their-role", "\"id\":\"theirs\"")},
    {"rules of others keep their role", "LB-H011", HAS_NOT,
     REPLICATED(", replication: {role: \"arn:aws:iam::111122223333:role/their-role\"}"),
     LIVE_COPIES("their-role", "\"id\":\"theirs\"")},
    {"rules of ours get another role", "LB-H011", HAS_NOT, REPLICATED(""),
     LIVE_COPIES("old-role", "\"id\":\"lifeboat-nightly\"")},
    {"rules of others, and none of ours", "LB-H011", HAS_NOT, PLAIN,
     LIVE_COPIES("their-role", "\"id\":\"theirs\"")},
    /* H026, H027: registrations that no spec has */
    {"a second writer comes", "LB-H026", HAS, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\"", "absent", "")},
    {"a second writer in another domain", "LB-H026", HAS, PLAIN,
     FOUND_IN("search@secondary", "\"bucket\":\"dr-west\",\"path\":\"\"", "absent", "")},
    {"the reader becomes one", "LB-H026", HAS, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\"", "present",
              REGISTERED("dr-west", "search/g1", "true"))},
    {"the writer moves there", "LB-H026", HAS, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\"", "present",
              REGISTERED("dr-west", "old/g1", "false"))},
    {"a reader beside it", "LB-H026", HAS_NOT, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\",\"readonly\":true",
              "absent", "")},
    {"a writer to another path", "LB-H026", HAS_NOT, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g2\"", "absent", "")},
    {"a writer to another bucket", "LB-H026", HAS_NOT, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-east\",\"path\":\"search/g1\"", "absent", "")},
    {"two writers already", "LB-H026", HAS_NOT, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\"", "present",
              REGISTERED("dr-west", "search/g1", "false"))},
    {"two writers already", "LB-H027", HAS, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\"", "present",
              REGISTERED("dr-west", "search/g1", "false"))},
    {"one writer, one reader", "LB-H027", HAS_NOT, PLAIN,
     FOUND_IN("search@primary", "\"bucket\":\"dr-west\",\"path\":\"search/g1\",\"readonly\":true",
              "present", REGISTERED("dr-west", "search/g1", "false"))},
    {"a second name for a folder", "LB-H026", HAS,
     FOLDERS("base_path: a", "domain: logs, base_path: b"),
     "{\"domain.logs@primary\":{\"inside\":{\"repository\":[{\"name\":\"old\",\"folder\":\"a/"
     "g1\"}]}}}"},
    {"a folder of another cluster", "LB-H026", HAS_NOT,
     FOLDERS("base_path: a", "domain: logs, base_path: b"),
     "{\"domain.more@primary\":{\"inside\":{\"repository\":[{\"name\":\"old\",\"folder\":\"a/"
     "g1\"}]}}}"},
    /* H023: trust */
    {"trust for one region", "LB-H023", HAS,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" TRUST(
         "\"arn:aws:es:us-east-1:111122223333:domain/search\"") "}\n"),
     NULL},
    {"trust for both regions", "LB-H023", HAS_NOT,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" TRUST(BOTH_DOMAINS) "}\n"), NULL},
    {"trust for all domains of the account", "LB-H023", HAS_NOT,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" TRUST(
         "\"arn:aws:es:*:111122223333:domain/*\"") "}\n"),
     NULL},
    {"derived trust", "LB-H023", HAS_NOT, PLAIN, NULL},
    {"unmanaged role that trusts another service", "LB-H023", HAS,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" UNMANAGED "}\n"),
     "{\"role.snapshot\":{\"value\":{\"trust\":{\"Statement\":{\"Effect\":\"Allow\",\"Action\":"
     "\"sts:AssumeRole\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"}}}}}}"},
    {"unmanaged role that trusts the service", "LB-H023", HAS_NOT,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" UNMANAGED "}\n"),
     "{\"role.snapshot\":{\"value\":{\"trust\":{\"Statement\":{\"Effect\":\"Allow\",\"Action\":"
     "\"sts:*\",\"Principal\":{\"Service\":\"es.amazonaws.com\"}}}}}}"},
    /* H024: permissions */
    {"policy for one bucket", "LB-H024", HAS,
     WITH_ROLE(
         "roles:\n  snapshot: {purpose: snapshot" POLICY("Allow", "[" ALL_OF("dr-west") "]") "}\n"),
     NULL},
    {"policy for both buckets", "LB-H024", HAS_NOT,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" POLICY(
         "Allow", "[" ALL_OF("dr-west") ", " ALL_OF("dr-east") "]") "}\n"),
     NULL},
    {"policy without the objects", "LB-H024", HAS,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" POLICY(
         "Allow", "[\"arn:aws:s3:::dr-west\", \"arn:aws:s3:::dr-east\"]") "}\n"),
     NULL},
    {"derived policies", "LB-H024", HAS_NOT, PLAIN, NULL},
    {"somebody's Deny beside ours", "LB-H024", HAS, PLAIN,
     "{\"role.snapshot\":{\"value\":{\"policies\":{\"guard\":{\"Statement\":[{\"Effect\":\"Deny\","
     "\"Action\":\"s3:DeleteObject\",\"Resource\":\"*\"}]}}}}}"},
    {"a Deny that depends on what cannot be judged", "LB-H024", HAS_NOT, PLAIN,
     "{\"role.snapshot\":{\"value\":{\"policies\":{\"guard\":{\"Statement\":[{\"Effect\":\"Deny\","
     "\"Action\":\"s3:*\",\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:SecureTransport\":"
     "\"false\"}}}]}}}}}"},
    {"unmanaged role without a bucket", "LB-H024", HAS,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" UNMANAGED "}\n"),
     "{\"role.snapshot\":{\"value\":{\"policies\":{\"a\":{\"Statement\":[{\"Effect\":\"Allow\","
     "\"Action\":[\"s3:Get*\",\"s3:List*\"],\"Resource\":\"*\"}]}}}}}"},
    /* H025 */
    {"unmanaged role", "LB-H025", HAS,
     WITH_ROLE("roles:\n  snapshot: {purpose: snapshot" UNMANAGED "}\n"), NULL},
    {"managed role", "LB-H025", HAS_NOT, PLAIN, NULL},
    /* H030..H034: schedules */
    {"1.5d in a policy", "LB-H030", HAS, PLAIN,
     "{\"schedule.nightly@primary\":{\"value\":{\"keep\":{\"max_age\":\"1.5d\"}}}}"},
    {"36h in a policy", "LB-H030", HAS_NOT, PLAIN,
     "{\"schedule.nightly@primary\":{\"value\":{\"keep\":{\"max_age\":\"36h\"}}}}"},
    {"every day with an RPO of an hour", "LB-H031", HAS, WITH_SCHEDULE(", every: 1d"), NULL},
    {"every hour with an RPO of an hour", "LB-H031", HAS_NOT, WITH_SCHEDULE(", every: 1h"), NULL},
    {"count before age", "LB-H032", HAS,
     WITH_SCHEDULE(", every: 1h, keep: {max_age: 30d, max_count: 60}"), NULL},
    {"age before count", "LB-H032", HAS_NOT,
     WITH_SCHEDULE(", every: 1h, keep: {max_age: 10d, max_count: 300}"), NULL},
    {"three days of snapshots", "LB-H033", HAS, WITH_SCHEDULE(", every: 1h, keep: {max_age: 3d}"),
     NULL},
    {"a month of snapshots", "LB-H033", HAS_NOT, PLAIN, NULL},
    {"no schedule", "LB-H034", HAS, HEAD ROLES BUCKETS("") DOMAINS("") REPOSITORIES, NULL},
    {"a paused schedule", "LB-H034", HAS, WITH_SCHEDULE(EVERY ", enabled: false"), NULL},
    {"a schedule", "LB-H034", HAS_NOT, PLAIN, NULL},
    /* H040: domains */
    {"standby with Multi-AZ with Standby", "LB-H040", HAS,
     WITH_DOMAIN(", zones: 3, master_nodes: {type: m7g.large.search}, multi_az_with_standby: true"),
     NULL},
    {"only the active side has it", "LB-H040", HAS_NOT,
     WITH_DOMAIN(", zones: 3, master_nodes: {type: m7g.large.search}, multi_az_with_standby: true, "
                 "secondary: {multi_az_with_standby: false}"),
     NULL},
    {"live and left open", "LB-H040", HAS, PLAIN,
     "{\"domain.search@secondary\":{\"value\":{\"multi_az_with_standby\":true}}}"},
    {"live and to be turned off", "LB-H040", HAS_NOT, WITH_DOMAIN(", multi_az_with_standby: false"),
     "{\"domain.search@secondary\":{\"value\":{\"multi_az_with_standby\":true}}}"},
    /* H041: clusters of one's own */
    {"endpoint with another engine", "LB-H041", HAS, HEAD OWN,
     "{\"domain.logs@primary\":{\"value\":{\"engine\":\"Elasticsearch_7.17\"}}}"},
    {"endpoint with that engine", "LB-H041", HAS_NOT, HEAD OWN,
     "{\"domain.logs@primary\":{\"value\":{\"engine\":\"Elasticsearch_7.10\"}}}"},
    {"domain of AWS, which is upgraded", "LB-H041", HAS_NOT, PLAIN,
     "{\"domain.search@primary\":{\"value\":{\"engine\":\"OpenSearch_2.17\"}}}"},
    /* H050: health checks of PRIMARY records */
    {"stated PRIMARY without a check", "LB-H050", HAS,
     WITH_FAILOVER(
         ", switch: record, records: [{id: a, failover: PRIMARY, values: [x.example.net]},"
         " {id: b, failover: SECONDARY, values: [y.example.net]}]"),
     NULL},
    {"derived pair", "LB-H050", HAS_NOT, WITH_FAILOVER(TARGETS), NULL},
    {"unmanaged PRIMARY without a check", "LB-H050", HAS, WITH_FAILOVER(TARGETS UNMANAGED),
     "{\"failover." NAME "\":{\"value\":{\"records\":[{\"id\":\"a\",\"type\":\"CNAME\","
     "\"failover\":\"PRIMARY\"}]}}}"},
    /* H051: checks that cannot succeed */
    {"check of a domain with access control", "LB-H051", HAS,
     HEAD "domains:\n  search: {engine: OpenSearch_2.19, data_nodes: {type: r7g.large.search, "
          "count: 3, volume: 200Gi}, fine_grained: {enabled: true, master_user_arn: "
          "\"arn:aws:iam::111122223333:role/admin\"}}\n" FAILOVER(
              ", domain: search, switch: health-check"),
     NULL},
    {"check of a signed domain", "LB-H051", HAS,
     WITH_FAILOVER(", domain: search, switch: health-check"), NULL},
    {"check of a domain in a VPC", "LB-H051", HAS,
     HEAD DOMAINS(", vpc: {subnets: [subnet-1], security_groups: [sg-1]}")
         FAILOVER(", domain: search, switch: health-check"),
     NULL},
    {"check of an open domain", "LB-H051", HAS_NOT,
     HEAD DOMAINS(", access_policy: {Statement: [{Effect: Allow, Principal: \"*\", Action: "
                  "\"es:ESHttpGet\", Resource: \"*\"}]}")
         FAILOVER(", domain: search, switch: health-check"),
     NULL},
    {"check of another host", "LB-H051", HAS_NOT,
     WITH_FAILOVER(", domain: search, switch: health-check" TARGETS), NULL},
    {"alarm instead of a check", "LB-H051", HAS_NOT, WITH_FAILOVER(", domain: search"), NULL},
    /* H052, H053: the object */
    {"object switch", "LB-H052", HAS,
     HEAD BUCKETS("")
         FAILOVER(TARGETS ", switch: standby-object, object: {bucket: dr-west, key: down}"),
     NULL},
    {"alarm switch", "LB-H052", HAS_NOT, WITH_FAILOVER(TARGETS), NULL},
    {"object behind the public-access block", "LB-H053", HAS,
     HEAD BUCKETS("")
         FAILOVER(TARGETS ", switch: standby-object, object: {bucket: dr-west, key: down}"),
     NULL},
    {"object that everybody reads", "LB-H053", HAS_NOT,
     HEAD BUCKETS(", public_access: {block_public_policy: false, restrict_public_buckets: false}, "
                  "policy: {Statement: [{Effect: Allow, Principal: \"*\", Action: "
                  "\"s3:GetObject\", Resource: \"arn:aws:s3:::dr-west/down\"}]}")
         FAILOVER(TARGETS ", switch: standby-object, object: {bucket: dr-west, key: down}"),
     NULL},
    {"another object that everybody reads", "LB-H053", HAS,
     HEAD BUCKETS(", public_access: {block_public_policy: false, restrict_public_buckets: false}, "
                  "policy: {Statement: [{Effect: Allow, Principal: \"*\", Action: "
                  "\"s3:GetObject\", Resource: \"arn:aws:s3:::dr-west/up\"}]}")
         FAILOVER(TARGETS ", switch: standby-object, object: {bucket: dr-west, key: down}"),
     NULL},
    /* H054, H055 */
    {"record switch", "LB-H054", HAS, WITH_FAILOVER(TARGETS ", switch: record"), NULL},
    {"no record switch", "LB-H054", HAS_NOT, WITH_FAILOVER(TARGETS), NULL},
    {"TTL of five minutes", "LB-H055", HAS, WITH_FAILOVER(TARGETS ", ttl: 300"), NULL},
    {"TTL of a minute", "LB-H055", HAS_NOT, WITH_FAILOVER(TARGETS ", ttl: 60"), NULL},
    /* H056: other records */
    {"a simple record of the name", "LB-H056", HAS, WITH_FAILOVER(TARGETS),
     SWITCH_RECORDS(",{\"id\":\"CNAME\",\"type\":\"CNAME\"}")},
    {"a TXT record of the name", "LB-H056", HAS, WITH_FAILOVER(TARGETS),
     SWITCH_RECORDS(",{\"id\":\"TXT\",\"type\":\"TXT\"}")},
    {"another stack's PRIMARY", "LB-H056", HAS, WITH_FAILOVER(TARGETS),
     SWITCH_RECORDS(",{\"id\":\"lifeboat:other:primary\",\"type\":\"CNAME\",\"failover\":"
                    "\"PRIMARY\"}")},
    {"an old record of ours", "LB-H056", HAS_NOT, WITH_FAILOVER(TARGETS),
     SWITCH_RECORDS(",{\"id\":\"lifeboat:search-dr:third\",\"type\":\"CNAME\"}")},
    {"only ours", "LB-H056", HAS_NOT, WITH_FAILOVER(TARGETS), SWITCH_RECORDS("")},
    /* H057..H059 */
    {"a cold standby", "LB-H057", HAS,
     HEAD DOMAINS(", secondary: {mode: cold}") FAILOVER(", domain: search"), NULL},
    {"a warm standby", "LB-H057", HAS_NOT, WITH_FAILOVER(", domain: search"), NULL},
    {"a name that no certificate has", "LB-H058", HAS, WITH_FAILOVER(", domain: search"), NULL},
    {"the custom endpoint", "LB-H058", HAS_NOT,
     HEAD DOMAINS(", custom_endpoint: {name: " NAME ", certificate: "
                  "\"arn:aws:acm:us-east-1:111122223333:certificate/"
                  "11111111-1111-4111-8111-111111111111\"}, "
                  "secondary: {custom_endpoint: {certificate: "
                  "\"arn:aws:acm:us-west-2:111122223333:certificate/"
                  "11111111-1111-4111-8111-111111111111\"}}") FAILOVER(", domain: search"),
     NULL},
    {"a disabled check", "LB-H059", HAS,
     WITH_FAILOVER(TARGETS) "health_checks:\n  " NAME ": {disabled: true}\n", NULL},
    {"an enabled check", "LB-H059", HAS_NOT, WITH_FAILOVER(TARGETS), NULL},
    /* H070, H071: ownership */
    {"another stack's bucket", "LB-H070", HAS, PLAIN,
     "{\"bucket.dr-west\":{\"owner\":\"other\",\"value\":{}}}"},
    {"our bucket", "LB-H070", HAS_NOT, PLAIN,
     "{\"bucket.dr-west\":{\"owner\":\"search-dr\",\"value\":{}}}"},
    {"another stack's bucket, unmanaged", "LB-H070", HAS_NOT, WITH_BUCKET(UNMANAGED),
     "{\"bucket.dr-west\":{\"owner\":\"other\",\"value\":{}}}"},
    {"a bucket without tags", "LB-H071", HAS, PLAIN, "{\"bucket.dr-west\":{\"value\":{}}}"},
    {"a bucket of ours", "LB-H071", HAS_NOT, PLAIN,
     "{\"bucket.dr-west\":{\"owner\":\"search-dr\",\"value\":{}}}"},
    {"no bucket yet", "LB-H071", HAS_NOT, PLAIN, "{\"bucket.dr-west\":{\"status\":\"absent\"}}"},
    /* H079: keys */
    {"an access key id", "LB-H079", HAS, HEAD "# AKIAIOSFODNN7EXAMPLE\n", NULL},
    {"a temporary key id", "LB-H079", HAS, HEAD "# key: ASIAIOSFODNN7EXAMPLE\n", NULL},
    {"a secret key", "LB-H079", HAS, HEAD "# wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n", NULL},
    {"a git hash", "LB-H079", HAS_NOT, HEAD "# 2fbe3b0a2fbe3b0a2fbe3b0a2fbe3b0a2fbe3b0a\n", NULL},
    {"a longer word", "LB-H079", HAS_NOT, HEAD "# XAKIAIOSFODNN7EXAMPLE\n", NULL},
    {"a role id", "LB-H079", HAS_NOT, HEAD "# AROAIOSFODNN7EXAMPLE\n", NULL},
};

static void give_live(struct kit *kit, const char *text)
{
    const char *error;
    const struct lb_value *live = lb_json_parse(kit->arena, text, strlen(text), &error);
    if (!live)
        fail_msg("%s: %s", text, error);
    for (size_t i = 0; i < lb_value_count(live); i++) {
        const struct lb_entry *entry = lb_map_nth(live, i);
        struct lb_resource *resource = kit_find(kit, entry->key);
        bool absent = lb_streq(lb_text_at(entry->value, "status", NULL), "absent");
        resource->live.status = absent ? LB_LIVE_ABSENT : LB_LIVE_PRESENT;
        resource->live.value = lb_map_get(entry->value, "value");
        resource->live.owner = lb_text_at(entry->value, "owner", NULL);
        resource->inside = lb_map_get(entry->value, "inside");
    }
}

static void load(struct kit *kit, const char *title, const char *spec, struct lb_diags *findings)
{
    if (kit_load(kit, spec))
        fail_msg("%s: %s: %s", title, kit->diags.items[0].code, kit->diags.items[0].detail);
    lb_diags_init(findings, kit->arena);
}

static void tells_the_hazard_from_the_near_miss(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kit kit;
        struct lb_diags findings;
        load(&kit, cases[i].title, cases[i].spec, &findings);
        if (cases[i].live)
            give_live(&kit, cases[i].live);
        lb_hazards_offline(&kit.stack, &findings);
        lb_hazards_live(&kit.stack, &findings);
        if (kit_said(&findings, cases[i].code, 0) != cases[i].has) {
            print_error("%s: %s %s\n", cases[i].code, cases[i].title,
                        cases[i].has ? "was not found" : "was found");
            wrong++;
        }
        kit_free(&kit);
    }
    assert_int_equal(wrong, 0);
}

static void every_row_has_both_cases(void **state)
{
    (void)state;
    for (size_t i = 0; lb_hazard_nth(i); i++) {
        const char *code = lb_hazard_nth(i)->code.code;
        size_t with = 0, without = 0;
        for (size_t k = 0; k < COUNT(cases); k++)
            if (lb_streq(cases[k].code, code))
                *(cases[k].has ? &with : &without) += 1;
        CHECK(code, with > 0 && without > 0);
    }
}

static void rows_are_sorted_and_complete(void **state)
{
    (void)state;
    for (size_t i = 0; lb_hazard_nth(i); i++) {
        const struct lb_hazard *row = lb_hazard_nth(i);
        CHECK(row->code.code, row->code.summary && row->code.why && row->code.remedy);
        CHECK(row->code.code, !i || strcmp(lb_hazard_nth(i - 1)->code.code, row->code.code) < 0);
        CHECK(row->code.code, row->code.severity != LB_ERROR || row->code.exit == LB_EXIT_REFUSED);
        assert_ptr_equal(lb_hazard_find(row->code.code), row);
        assert_ptr_equal(lb_hazard_code_nth(i), &row->code);
    }
    assert_null(lb_hazard_find("LB-H000"));
}

static void an_error_refuses_with_its_place(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_diags findings;
    load(&kit, "expiry", WITH_RULE("expire_after: 7d"), &findings);
    lb_hazards_offline(&kit.stack, &findings);
    assert_int_equal(lb_diags_exit(&findings), LB_EXIT_REFUSED);
    for (size_t i = 0; i < findings.count; i++)
        if (lb_streq(findings.items[i].code, "LB-H001")) {
            assert_string_equal(findings.items[i].address, "bucket.dr-west");
            assert_int_equal(findings.items[i].mark.line, 10);
            assert_non_null(strstr(findings.items[i].detail, "expires objects after 7d"));
        }
    kit_free(&kit);
}

static void a_key_is_never_printed(void **state)
{
    (void)state;
    struct kit kit;
    struct lb_diags findings;
    load(&kit, "key", HEAD "# AKIAIOSFODNN7EXAMPLE\n", &findings);
    lb_hazards_offline(&kit.stack, &findings);
    assert_int_equal(findings.items[0].mark.line, 7);
    assert_int_equal(findings.items[0].mark.column, 3);
    struct lb_str text = {0};
    lb_diag_render(&text, &findings.items[0], false);
    assert_null(strstr(lb_str_text(&text), "IOSFODNN7"));
    lb_str_release(&text);
    struct lb_value *json = lb_diag_to_value(kit.arena, &findings.items[0]);
    assert_null(strstr(lb_json_text(kit.arena, json), "IOSFODNN7"));
    kit_free(&kit);
}

static void writers_of_two_stacks_are_seen(void **state)
{
    (void)state;
    struct kit kits[3];
    struct lb_diags findings[3];
    load(&kits[0], "a", PLAIN, &findings[0]);
    load(&kits[1], "b", PLAIN, &findings[1]);
    load(&kits[2], "c",
         HEAD ROLES BUCKETS("") DOMAINS("") "repositories:\n" REPOSITORY("nightly", "third", "")
             SCHEDULES,
         &findings[2]);
    struct lb_stack *stacks[] = {&kits[0].stack, &kits[1].stack, &kits[2].stack};
    const struct lb_fleet *fleet = lb_fleet_new(kits[0].arena, stacks, 3);
    for (size_t i = 0; i < 3; i++)
        lb_hazards_fleet(stacks[i], fleet, &findings[i]);
    assert_true(kit_said(&findings[0], "LB-H020", 0));
    assert_true(kit_said(&findings[1], "LB-H020", 0));
    assert_int_equal(findings[2].count, 0);
    for (size_t i = 0; i < 3; i++)
        kit_free(&kits[i]);
}

/* The example of the first page must not be refused. */
static void the_example_is_safe(void **state)
{
    (void)state;
    FILE *file = fopen(LB_TESTS_DIR "/../examples/two-region/lifeboat.yaml", "r");
    assert_non_null(file);
    static char text[16384];
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    struct kit kit;
    struct lb_diags findings;
    load(&kit, "example", text, &findings);
    lb_hazards_offline(&kit.stack, &findings);
    for (size_t i = 0; i < findings.count; i++)
        if (findings.items[i].severity != LB_INFO)
            fail_msg("%s: %s", findings.items[i].code, findings.items[i].detail);
    kit_free(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_hazard_from_the_near_miss),
        cmocka_unit_test(every_row_has_both_cases),
        cmocka_unit_test(rows_are_sorted_and_complete),
        cmocka_unit_test(an_error_refuses_with_its_place),
        cmocka_unit_test(a_key_is_never_printed),
        cmocka_unit_test(writers_of_two_stacks_are_seen),
        cmocka_unit_test(the_example_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
