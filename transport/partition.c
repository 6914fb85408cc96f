/* partition.c: the partitions and regions of AWS, as a table.
 *
 * From the SDKs' partitions.json; tests/unit/test_endpoint.c holds the shapes. A region that is
 * newer than this table is still served when its name has the shape of a known partition.
 */
#include "transport/endpoint.h"

#include "base/str.h"

#include <string.h>

static const struct {
    const char *prefixes; /* of the region name, space separated, each up to its last '-' */
    struct lb_partition partition;
} rows[] = {
    {"us-gov-",
     {"aws-us-gov", "amazonaws.com", "us-gov-west-1", "iam.us-gov.amazonaws.com", "us-gov-west-1",
      "route53.us-gov.amazonaws.com"}},
    {"us-isob-",
     {"aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1", "iam.us-isob-east-1.sc2s.sgov.gov",
      "us-isob-east-1", "route53.sc2s.sgov.gov"}},
    {"us-isof-",
     {"aws-iso-f", "csp.hci.ic.gov", "us-isof-south-1", "iam.us-isof-south-1.csp.hci.ic.gov",
      "us-isof-south-1", "route53.csp.hci.ic.gov"}},
    {"us-iso-",
     {"aws-iso", "c2s.ic.gov", "us-iso-east-1", "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1",
      "route53.c2s.ic.gov"}},
    {"eu-isoe-",
     {"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-west-1", "iam.eu-isoe-west-1.cloud.adc-e.uk",
      "eu-isoe-west-1", "route53.cloud.adc-e.uk"}},
    {"cn-",
     {"aws-cn", "amazonaws.com.cn", "cn-northwest-1", "iam.cn-north-1.amazonaws.com.cn",
      "cn-north-1", "route53.amazonaws.com.cn"}},
    {"eusc-de-",
     {"aws-eusc", "amazonaws.eu", "eusc-de-east-1", "iam.eusc-de-east-1.amazonaws.eu",
      "eusc-de-east-1", "route53.eusc-de-east-1.amazonaws.eu"}},
    {"us- eu- ap- sa- ca- me- af- il- mx-",
     {"aws", "amazonaws.com", "us-east-1", "iam.amazonaws.com", "us-east-1",
      "route53.amazonaws.com"}},
};

static const char *const region_names[] = {
    "af-south-1",      "ap-east-1",      "ap-east-2",      "ap-northeast-1", "ap-northeast-2",
    "ap-northeast-3",  "ap-south-1",     "ap-south-2",     "ap-southeast-1", "ap-southeast-2",
    "ap-southeast-3",  "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
    "ca-central-1",    "ca-west-1",      "eu-central-1",   "eu-central-2",   "eu-north-1",
    "eu-south-1",      "eu-south-2",     "eu-west-1",      "eu-west-2",      "eu-west-3",
    "il-central-1",    "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",
    "us-east-1",       "us-east-2",      "us-west-1",      "us-west-2",      "cn-north-1",
    "cn-northwest-1",  "us-gov-east-1",  "us-gov-west-1",  "eusc-de-east-1", "us-iso-east-1",
    "us-iso-west-1",   "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-east-1",
    "us-isof-south-1",
};

/* What follows the prefix: a word, '-', a number: "east-1". */
static bool rest_matches(const char *rest)
{
    size_t word = strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (word == 0 || rest[word] != '-')
        return false;
    const char *number = rest + word + 1;
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && digits <= 3 && number[digits] == '\0';
}

static bool prefixes_match(const char *prefixes, const char *region)
{
    while (*prefixes) {
        size_t length = strcspn(prefixes, " ");
        if (strncmp(region, prefixes, length) == 0 && rest_matches(region + length))
            return true;
        prefixes += length;
        prefixes += *prefixes == ' ';
    }
    return false;
}

const struct lb_partition *lb_partition_of(const char *region)
{
    for (size_t i = 0; region && i < sizeof rows / sizeof *rows; i++)
        if (prefixes_match(rows[i].prefixes, region))
            return &rows[i].partition;
    return NULL;
}

const char *const *lb_region_names(size_t *count)
{
    *count = sizeof region_names / sizeof *region_names;
    return region_names;
}
