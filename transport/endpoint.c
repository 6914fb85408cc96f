/* endpoint.c: where a call goes. Overrides come from the environment and the config file only,
 * never from the spec: what a pull request can edit must not choose where signed requests are sent.
 *
 * An override changes the address that is dialled, never the signing region or service. Plain http
 * is for loopback alone, judged by the host itself: dotted 127/8, ::1 or the name localhost. Other
 * spellings ("127.1", "0x7f000001", "localhost.example.com") are not loopback.
 */
#include "transport/endpoint.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct url {
    const char *scheme, *authority, *path;
};

/* "host", "host:port", "[v6]:port" -> the host alone, without brackets. */
static const char *host_of(struct lb_arena *arena, const char *authority)
{
    if (authority[0] == '[') {
        const char *end = strchr(authority, ']');
        return lb_arena_strndup(arena, authority + 1,
                                end ? (size_t)(end - authority - 1) : strlen(authority + 1));
    }
    return lb_arena_strndup(arena, authority, strcspn(authority, ":"));
}

bool lb_host_is_loopback(struct lb_arena *arena, const char *authority)
{
    const char *host = host_of(arena, authority);
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

static bool port_valid(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 5 && text[digits] == '\0' && atoi(text) > 0 &&
           atoi(text) <= 65535;
}

/* Letters, digits, '-', '.', '_' and a port, or a bracketed IPv6 address: no user name, no byte
 * that could end a header line. */
static bool authority_valid(struct lb_arena *arena, const char *authority)
{
    if (authority[0] == '[') {
        const char *end = strchr(authority, ']');
        struct in6_addr v6;
        return end && inet_pton(AF_INET6, host_of(arena, authority), &v6) == 1 &&
               (end[1] == '\0' || (end[1] == ':' && port_valid(end + 2)));
    }
    size_t i = 0;
    while (isalnum((unsigned char)authority[i]) || (authority[i] && strchr("-._", authority[i])))
        i++;
    return i > 0 && i <= 253 &&
           (authority[i] == '\0' || (authority[i] == ':' && port_valid(authority + i + 1)));
}

static bool path_valid(const char *path)
{
    for (; *path; path++)
        if ((unsigned char)*path <= ' ' || (unsigned char)*path >= 0x7f || strchr("?#\\\"", *path))
            return false;
    return true;
}

static int url_split(struct lb_arena *arena, const char *text, struct url *out)
{
    if (strncasecmp(text, "https://", 8) == 0) {
        out->scheme = "https";
        text += 8;
    } else if (strncasecmp(text, "http://", 7) == 0) {
        out->scheme = "http";
        text += 7;
    } else {
        return -1;
    }
    size_t length = strcspn(text, "/?#");
    out->authority = lb_arena_strndup(arena, text, length);
    size_t path = strlen(text + length);
    while (path > 0 && text[length + path - 1] == '/')
        path--;
    out->path = lb_arena_strndup(arena, text + length, path);
    return authority_valid(arena, out->authority) && path_valid(out->path) ? 0 : -1;
}

/* An override and where it was set, for the error text. */
struct override {
    const char *url, *where;
};

static bool from_environment(const char *name, struct override *out)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return false;
    *out = (struct override){value, name};
    return true;
}

static bool from_profile(struct lb_arena *arena, const struct lb_aws_config *config,
                         const char *endpoint_id, struct override *out)
{
    const char *section = lb_lowercase(arena, endpoint_id);
    out->url = lb_text(lb_map_get(lb_map_get(config->services, section), "endpoint_url"), NULL);
    out->where = "endpoint_url of the profile's services section";
    if (!out->url) {
        out->url = lb_text(lb_map_get(config->profile_values, "endpoint_url"), NULL);
        out->where = "endpoint_url of the profile";
    }
    return out->url != NULL;
}

/* The SDKs' order: service variable, common variable, services section, profile. */
static bool find_override(struct lb_arena *arena, const struct lb_aws_config *config,
                          const struct lb_service *service, struct override *out)
{
    if (!service->prefix)
        return from_environment("LIFEBOAT_CLUSTER_URL", out);
    if (config->ignore_configured_endpoints)
        return false;
    return from_environment(lb_arena_printf(arena, "AWS_ENDPOINT_URL_%s", service->endpoint_id),
                            out) ||
           from_environment("AWS_ENDPOINT_URL", out) ||
           from_profile(arena, config, service->endpoint_id, out);
}

/* The partition's own host. NULL when the service has none there. */
static const char *own_host(struct lb_arena *arena, const struct lb_partition *partition,
                            const struct lb_service *service, const char *region)
{
    if (!service->global)
        return lb_arena_printf(arena, "%s.%s.%s", service->prefix, region, partition->dns_suffix);
    if (lb_streq(service->prefix, "iam"))
        return partition->iam_host;
    if (lb_streq(service->prefix, "route53"))
        return partition->route53_host;
    return lb_arena_printf(arena, "%s.%s", service->prefix, partition->dns_suffix);
}

const char *lb_service_home(const struct lb_service *service, const char *region)
{
    const struct lb_partition *partition = lb_partition_of(region);
    if (!service->global || !partition)
        return partition ? region : NULL;
    return lb_streq(service->prefix, "iam") ? partition->iam_region : partition->global_region;
}

static int check_scheme(struct lb_arena *arena, struct lb_diags *diags, const struct url *url,
                        const char *where)
{
    if (lb_streq(url->scheme, "https") || lb_host_is_loopback(arena, url->authority))
        return 0;
    return lb_diags_error(diags, "LB-A005", NULL, "http://%s (from %s)", url->authority, where);
}

static int resolve_cluster(struct lb_arena *arena, const struct lb_call *call,
                           struct lb_diags *diags, struct lb_endpoint *out)
{
    struct url url = {call->scheme ? call->scheme : "https", call->host ? call->host : "", ""};
    bool known = lb_streq(url.scheme, "https") || lb_streq(url.scheme, "http");
    if (!known || !authority_valid(arena, url.authority))
        return lb_diags_error(diags, "LB-A006", NULL, "%s://%s is not the address of a cluster",
                              url.scheme, url.authority);
    *out = (struct lb_endpoint){url.scheme, url.authority, url.authority, "", call->region, true};
    return 0;
}

static int resolve_aws(struct lb_arena *arena, const struct lb_call *call, struct lb_diags *diags,
                       struct lb_endpoint *out)
{
    const struct lb_service *service = call->op->service;
    const struct lb_partition *partition = lb_partition_of(call->region);
    if (!partition)
        return lb_diags_error(diags, "LB-A007", NULL, "region \"%s\"",
                              call->region ? call->region : "");
    const char *host = own_host(arena, partition, service, call->region);
    if (!host)
        return lb_diags_error(diags, "LB-A007", NULL, "%s has no endpoint in partition %s",
                              service->id, partition->id);
    *out = (struct lb_endpoint){"https", host, host, "", lb_service_home(service, call->region),
                                true};
    return 0;
}

int lb_endpoint_resolve(struct lb_arena *arena, const struct lb_aws_config *config,
                        const struct lb_call *call, struct lb_diags *diags, struct lb_endpoint *out)
{
    const struct lb_service *service = call->op->service;
    bool cluster = !service->prefix;
    if ((cluster ? resolve_cluster : resolve_aws)(arena, call, diags, out) < 0)
        return -1;
    struct url url = {out->scheme, out->connect, ""};
    struct override override = {NULL, "the spec"};
    if (find_override(arena, config, service, &override)) {
        if (url_split(arena, override.url, &url) < 0)
            return lb_diags_error(diags, "LB-A006", NULL, "%s is not a http(s) address",
                                  override.where);
        out->scheme = url.scheme;
        out->connect = url.authority;
        out->base_path = url.path;
        if (!cluster)
            out->host_header = url.authority;
    }
    return check_scheme(arena, diags, &url, override.where);
}
