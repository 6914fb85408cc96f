/* schema_fixture.h: two small kinds that use every keyword and annotation, for the tests of the
 * schema code: those tests do not change when a real kind does. */
#ifndef LB_TESTS_SCHEMA_FIXTURE_H
#define LB_TESTS_SCHEMA_FIXTURE_H

#include "base/schema.h"

#include <string.h>

static const char fixture_common[] = "{\"definitions\": {\"tags\": {\"type\": \"object\", "
                                     "\"additionalProperties\": {\"type\": \"string\"},"
                                     "  \"x-lb-foreign\": \"keep\", \"description\": \"shared\"}}}";

static const char fixture_spec[] =
    "{\"$id\": \"https://example.test/s.json\", \"type\": \"object\", \"required\": [\"stack\"],"
    " \"x-lb-order\": [\"vault\", \"box\"],"
    " \"x-lb-refused\": {\"profile\": \"use AWS_PROFILE\"},"
    " \"properties\": {"
    "  \"stack\": {\"type\": \"string\", \"pattern\": \"^[a-z]+$\", \"examples\": [\"logs\"]},"
    "  \"stack2\": {\"type\": \"string\", \"pattern\": \"^[a-z]+$\"},"
    "  \"code\": {\"type\": \"string\", \"pattern\": \"^[0-9]{3}$\", \"examples\": [\"123\"],"
    "  \"x-lb-form\": \"three digits\"},"
    "\"account\": {\"type\": \"string\"},"
    "  \"active\": {\"type\": \"string\", \"enum\": [\"primary\", \"secondary\"]},"
    "  \"lifeboat\": {\"type\": \"integer\", \"const\": 1},"
    "  \"objectives\": {\"type\": \"object\", \"properties\": {"
    "    \"rpo\": {\"type\": \"string\", \"x-lb-compare\": \"duration\"}}}},"
    " \"definitions\": {\"managed\": {\"type\": \"boolean\", \"default\": true, \"x-lb-input\": "
    "true}}}";

static const char fixture_box[] =
    "{\"x-lb-kind\": \"box\", \"x-lb-section\": \"boxes\", \"x-lb-sides\": \"one\","
    " \"x-lb-name-pattern\": \"^[a-z][a-z0-9-]*$\", \"x-lb-name-form\": \"lower case\","
    " \"title\": \"box\", \"description\": \"A box.\", \"type\": \"object\", \"required\": "
    "[\"size\"],"
    " \"x-lb-granules\": {"
    "  \"create\": {\"existence\": true, \"risk\": \"low\", \"estimate\": \"5s\", \"wait\": \"2m\","
    "    \"poll\": \"10s\", \"iam\": {\"read\": [\"s:Get\"], \"write\": [\"s:Put\"]}},"
    "  \"rules\": {\"description\": \"the rules\", \"always\": true, \"risk\": \"data-loss\"}},"
    " \"x-lb-granule\": \"create\","
    " \"examples\": [{\"size\": \"1Gi\"}],"
    " \"properties\": {"
    "  \"size\": {\"type\": \"string\", \"x-lb-compare\": \"size\", \"x-lb-force-new\": \"made "
    "anew\"},"
    "  \"count\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 10, \"default\": 2},"
    "  \"ratio\": {\"type\": \"number\", \"minimum\": 0.5},"
    "  \"note\": {\"type\": \"string\", \"minLength\": 2, \"maxLength\": 4},"
    "  \"open\": {\"type\": \"boolean\", \"default\": false},"
    "  \"arn\": {\"type\": \"string\", \"x-lb-computed\": true},"
    "  \"password\": {\"type\": \"string\", \"x-lb-secret\": true, \"x-lb-write-only\": true},"
    "  \"vault\": {\"type\": \"string\", \"x-lb-ref\": \"vault\", \"format\": \"hostname\", "
    "\"title\": \"the vault\",\"x-lb-disruptive\": \"it moves\", \"x-lb-identity\": true},"
    "  \"tags\": {\"$ref\": \"_common#/definitions/tags\", \"description\": \"own words\"},"
    "  \"colors\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"x-lb-list\": \"set\","
    "    \"minItems\": 1, \"maxItems\": 3},"
    "  \"who\": {\"anyOf\": [{\"type\": \"string\", \"enum\": [\"all\", \"none\"]},"
    "    {\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 3}},"
    "    {\"type\": \"object\", \"properties\": {\"team\": {\"type\": \"string\", \"default\": "
    "\"ops\"}}}]},"
    "  \"rules\": {\"type\": \"array\", \"x-lb-list\": \"map:id\", \"x-lb-granule\": \"rules\","
    "    \"x-lb-owned\": \"lb-\", \"items\": {\"type\": \"object\", \"required\": [\"id\"],"
    "      \"properties\": {\"id\": {\"type\": \"string\"},"
    "        \"after\": {\"type\": \"string\", \"x-lb-compare\": \"duration\"}}}},"
    "  \"versioning\": {\"type\": \"object\", \"default\": {}, \"properties\": {"
    "    \"keep\": {\"type\": \"string\", \"x-lb-compare\": \"duration\", \"default\": \"30d\"}}},"
    "  \"settings\": {\"type\": \"object\", \"x-lb-compare\": \"text\", \"minProperties\": 1,"
    "    \"maxProperties\": 2}"
    " }}";

static const char fixture_vault[] =
    "{\"$schema\": \"http://json-schema.org/draft-07/schema#\", \"x-lb-kind\": \"vault\", "
    "\"x-lb-section\": \"vaults\", \"x-lb-sides\": \"both\","
    " \"x-lb-granules\": {\"create\": {\"existence\": true}}, \"type\": \"object\","
    " \"properties\": {\"door\": {\"type\": \"string\", \"x-lb-granule\": \"create\"}}}";

#define FIXTURE(stem, text)                                                                        \
    {                                                                                              \
        stem, (const unsigned char *)(text), sizeof(text) - 1                                      \
    }

static inline const struct lb_schemas *fixture_load(struct lb_arena *arena)
{
    static const struct lb_embedded files[] = {
        FIXTURE("_common", fixture_common),
        FIXTURE("box", fixture_box),
        FIXTURE("spec", fixture_spec),
        FIXTURE("vault", fixture_vault),
    };
    return lb_schemas_load_from(arena, files, sizeof files / sizeof *files);
}

#endif
