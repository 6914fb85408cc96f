/* bucket_kit.h: what the tests of buckets share: specs in short, answers and documents of S3. */
#ifndef LB_TESTS_UNIT_BUCKET_KIT_H
#define LB_TESTS_UNIT_BUCKET_KIT_H

#include "base/json.h"
#include "tests/unit/kind_kit.h"

#define WEST "bucket.dr-west"
#define BUCKETS(west, east)                                                                        \
    "buckets:\n"                                                                                   \
    "  dr-west: {region: secondary" west "}\n"                                                     \
    "  dr-east: {region: primary" east "}\n"
#define DOMAINS                                                                                    \
    "domains:\n"                                                                                   \
    "  search: {engine: OpenSearch_2.19, fine_grained: {enabled: false},\n"                        \
    "    data_nodes: {type: r7g.large.search, count: 3, volume: 200Gi}}\n"                         \
    "roles:\n"                                                                                     \
    "  snapshot: {purpose: snapshot}\n"
#define REPOSITORY(more)                                                                           \
    "repositories:\n"                                                                              \
    "  nightly: {domain: search, role: snapshot, base_path: search,\n"                             \
    "    buckets: {primary: dr-east, secondary: dr-west}" more "}\n"
#define REPLICATED ", topology: replicated, replication: {delete_markers: false}"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define WEST_KEY "arn:aws:kms:us-west-2:111122223333:key/west"
#define EAST_KEY "arn:aws:kms:us-east-1:111122223333:key/east"
#define ENCRYPTED(key) ", encryption: {kms_key: \"" key "\"}"

static inline struct lb_resource *load(struct kit *kit, const char *yaml)
{
    if (kit_load(kit, yaml))
        fail_msg("%s: %s", kit->diags.items[0].code, kit->diags.items[0].detail);
    return kit_find(kit, WEST);
}

static inline void check_json(struct kit *kit, const char *row, const struct lb_value *value,
                              const char *wanted)
{
    CHECK_TEXT(row, value ? lb_json_text(kit->arena, value) : NULL, wanted);
}

#define S3_ERROR(code) "<Error><Code>" code "</Code><Message>no</Message></Error>"
#define TAGGING                                                                                    \
    "<Tagging" NS "><TagSet><Tag><Key>lifeboat:stack</Key><Value>search-dr</Value></Tag>"          \
    "<Tag><Key>owner</Key><Value>bi</Value></Tag></TagSet></Tagging>"
#define OWNERSHIP                                                                                  \
    "<OwnershipControls" NS "><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>"        \
    "</OwnershipControls>"
#define PUBLIC_ACCESS                                                                              \
    "<PublicAccessBlockConfiguration" NS "><BlockPublicAcls>true</BlockPublicAcls>"                \
    "<IgnorePublicAcls>false</IgnorePublicAcls></PublicAccessBlockConfiguration>"
#define ENCRYPTION                                                                                 \
    "<ServerSideEncryptionConfiguration" NS "><Rule><ApplyServerSideEncryptionByDefault>"          \
    "<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>" WEST_KEY "</KMSMasterKeyID>"            \
    "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>"        \
    "</ServerSideEncryptionConfiguration>"
#define FOREIGN_RULE                                                                               \
    "<Rule><ID>theirs</ID><Filter><And><Prefix>logs/</Prefix><Tag><Key>a</Key><Value>1</Value>"    \
    "</Tag><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></And></Filter><Status>Enabled"         \
    "</Status><Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>"        \
    "<Transition><Days>90</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition>"            \
    "<Expiration><Days>365</Days></Expiration><NoncurrentVersionTransition><NoncurrentDays>3"      \
    "</NoncurrentDays><StorageClass>GLACIER</StorageClass><NewerNoncurrentVersions>2"              \
    "</NewerNoncurrentVersions></NoncurrentVersionTransition></Rule>"
#define OLD_RULE                                                                                   \
    "<Rule><ID>old</ID><Prefix></Prefix><Status>Disabled</Status><Expiration>"                     \
    "<Date>2027-01-01T00:00:00.000Z</Date></Expiration></Rule>"
#define OUR_OLD_RULE                                                                               \
    "<Rule><ID>lifeboat-gone</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>"       \
    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>"
#define LIFECYCLE(rules) "<LifecycleConfiguration" NS ">" rules "</LifecycleConfiguration>"

#endif
