/* opensearch_version.c: engine versions, which upgrade leads where, and upgrades.
 * Facts: developer guide, "Upgrading Amazon OpenSearch Service domains": forward only; within a
 * major version to any later one, across majors only from the last of the older one. */
#include "sandbox/opensearch.h"

#include <stdlib.h>
#include <string.h>

#define UPGRADE_SECONDS 1800

/* Newest first, as ListVersions answers. */
static const char *const versions[] = {
    "OpenSearch_3.3",    "OpenSearch_3.1",    "OpenSearch_2.19",   "OpenSearch_2.17",
    "OpenSearch_2.15",   "OpenSearch_2.13",   "OpenSearch_2.11",   "OpenSearch_2.9",
    "OpenSearch_2.7",    "OpenSearch_2.5",    "OpenSearch_2.3",    "OpenSearch_1.3",
    "OpenSearch_1.2",    "OpenSearch_1.1",    "OpenSearch_1.0",    "Elasticsearch_7.10",
    "Elasticsearch_7.9", "Elasticsearch_7.8", "Elasticsearch_7.7", "Elasticsearch_7.4",
    "Elasticsearch_7.1", "Elasticsearch_6.8", "Elasticsearch_6.7", "Elasticsearch_6.5",
    "Elasticsearch_6.4", "Elasticsearch_6.3", "Elasticsearch_6.2", "Elasticsearch_6.0",
    "Elasticsearch_5.6", "Elasticsearch_5.5", "Elasticsearch_5.3", "Elasticsearch_5.1",
    "Elasticsearch_2.3", "Elasticsearch_1.5"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* The last of one major version leads to the next major. */
static const struct {
    const char *from, *to;
} bridges[] = {
    {"Elasticsearch_5.6", "Elasticsearch_6."}, {"Elasticsearch_6.8", "Elasticsearch_7."},
    {"Elasticsearch_6.8", "OpenSearch_1."},    {"Elasticsearch_7.10", "OpenSearch_1."},
    {"OpenSearch_1.3", "OpenSearch_2."},       {"OpenSearch_2.19", "OpenSearch_3."},
};

bool sb_engine_known(const char *version)
{
    for (size_t i = 0; i < VERSIONS; i++) {
        if (lb_streq(versions[i], version))
            return true;
    }
    return false;
}

bool sb_engine_upgrade_allowed(const char *from, const char *to)
{
    size_t major = strcspn(from, ".") + 1;
    const char *from_dot = strchr(from, '.'), *to_dot = strchr(to, '.');

    if (!sb_engine_known(to) || !from_dot || !to_dot)
        return false;
    if (strncmp(from, to, major) == 0)
        return atoi(to_dot + 1) > atoi(from_dot + 1);
    for (size_t i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
        if (lb_streq(bridges[i].from, from) && lb_starts_with(to, bridges[i].to))
            return true;
    }
    /* every 7.x reaches OpenSearch 1.x */
    return lb_starts_with(from, "Elasticsearch_7.") && lb_starts_with(to, "OpenSearch_1.");
}

void sb_op_list_versions(struct sb_call *call)
{
    struct lb_value *answer = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, answer, "Versions");
    int64_t from = lb_int_at(call->request->query, "nextToken", 0);
    int64_t most = lb_int_at(call->request->query, "maxResults", 100);

    if (from < 0 || most < 1 || most > 100) {
        sb_domain_invalid(call, "maxResults must be between 1 and 100.");
        return;
    }
    for (size_t i = (size_t)from; i < VERSIONS && (int64_t)i < from + most; i++)
        lb_list_add_string(call->arena, list, versions[i]);
    if (from + most < (int64_t)VERSIONS)
        lb_map_set(call->arena, answer, "NextToken",
                   lb_value_format(call->arena, "%lld", (long long)(from + most)));
    sb_reply_json(call->response, 200, answer);
}

static struct lb_value *compatible(struct lb_arena *arena, const char *from)
{
    struct lb_value *row = lb_value_map(arena);
    struct lb_value *targets = lb_value_list(arena);

    lb_map_set_string(arena, row, "SourceVersion", from);
    for (size_t i = VERSIONS; i > 0; i--) {
        if (sb_engine_upgrade_allowed(from, versions[i - 1]))
            lb_list_add_string(arena, targets, versions[i - 1]);
    }
    lb_map_set(arena, row, "TargetVersions", targets);
    return row;
}

void sb_op_get_compatible_versions(struct sb_call *call)
{
    const char *name = lb_text_at(call->request->query, "domainName", NULL);
    struct lb_value *answer = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(call->arena, answer, "CompatibleVersions");
    struct lb_value *domain = name ? sb_domain_wanted(call, name) : NULL;

    if (name && !domain)
        return;
    for (size_t i = 0; i < VERSIONS; i++) {
        if (!domain || lb_streq(versions[i], lb_text_at(domain, "engine", "")))
            lb_list_add(call->arena, list, compatible(call->arena, versions[i]));
    }
    sb_reply_json(call->response, 200, answer);
}

static void upgrade_note(struct sb_call *call, struct lb_value *domain, const char *target,
                         bool check_only)
{
    struct sandbox *sandbox = call->sandbox;
    struct lb_value *upgrade = lb_map_map(sandbox->arena, domain, "upgrade");

    sb_keep_string(sandbox, upgrade, "name",
                   lb_arena_printf(call->arena, "Upgrade from %s to %s",
                                   lb_text_at(domain, "engine", ""), target));
    sb_keep_string(sandbox, upgrade, "target", target);
    sb_keep_int(sandbox, upgrade, "start", sb_now(sandbox));
    sb_keep_int(sandbox, upgrade, "end", sb_now(sandbox) + (check_only ? 60 : UPGRADE_SECONDS));
    sb_keep_bool(sandbox, upgrade, "check_only", check_only);
}

void sb_op_upgrade_domain(struct sb_call *call)
{
    const char *target = lb_text_at(call->body, "TargetVersion", "");
    bool check = lb_bool_at(call->body, "PerformCheckOnly", false);
    struct lb_value *domain = sb_domain_wanted(call, lb_text_at(call->body, "DomainName", ""));
    struct lb_value *answer = lb_value_map(call->arena);

    if (!domain)
        return;
    if (!sb_engine_upgrade_allowed(lb_text_at(domain, "engine", ""), target)) {
        sb_domain_invalid(call, "Upgrade from %s to %s is not allowed.",
                          lb_text_at(domain, "engine", ""), target);
        return;
    }
    if (sb_domain_busy(domain)) {
        sb_domain_invalid(call, "A change/update is in progress. Please wait for it to complete "
                                "before requesting another change.");
        return;
    }
    upgrade_note(call, domain, target, check);
    if (!check) {
        sb_keep_string(call->sandbox, domain, "status", "UpgradingEngineVersion");
        sb_domain_change_start(call, domain, "upgrade", UPGRADE_SECONDS, NULL);
        lb_map_set(call->arena, answer, "ChangeProgressDetails",
                   sb_domain_change_details(call->arena, lb_map_get(domain, "change"),
                                            sb_now(call->sandbox)));
    }
    lb_map_set_string(call->arena, answer, "UpgradeId", sb_uuid(call->sandbox, call->arena));
    lb_map_set_string(call->arena, answer, "DomainName", lb_text_at(domain, "name", ""));
    lb_map_set_string(call->arena, answer, "TargetVersion", target);
    lb_map_set_bool(call->arena, answer, "PerformCheckOnly", check);
    sb_reply_json(call->response, 200, answer);
}

void sb_op_get_upgrade_status(struct sb_call *call)
{
    struct lb_value *domain = sb_domain_wanted(call, call->args[0]);
    struct lb_value *answer = lb_value_map(call->arena), *upgrade;
    int64_t done, whole;
    const char *step = "UPGRADE";

    if (!domain)
        return;
    upgrade = lb_map_get(domain, "upgrade");
    if (!upgrade) {
        sb_domain_error(call, 409, "ResourceNotFoundException", "No upgrade found for domain %s.",
                        call->args[0]);
        return;
    }
    done = sb_now(call->sandbox) - lb_int_at(upgrade, "start", 0);
    whole = lb_int_at(upgrade, "end", 0) - lb_int_at(upgrade, "start", 0);
    if (lb_bool_at(upgrade, "check_only", false) || (done < whole && done < whole / 10))
        step = "PRE_UPGRADE_CHECK";
    else if (done < whole && done < whole / 4)
        step = "SNAPSHOT";
    lb_map_set_string(call->arena, answer, "UpgradeStep", step);
    lb_map_set_string(call->arena, answer, "StepStatus",
                      done >= whole ? "SUCCEEDED" : "IN_PROGRESS");
    lb_map_set_string(call->arena, answer, "UpgradeName", lb_text_at(upgrade, "name", ""));
    sb_reply_json(call->response, 200, answer);
}
