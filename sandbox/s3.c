/* s3.c: the S3 service's frame: which bucket and key, which operation, and what every bucket
 * operation checks first: the bucket's existence, region and owner, and whether an unsigned caller
 * may pass.
 */
#include "sandbox/s3.h"
#include "sandbox/policy.h"
#include "sandbox/services.h"

#include "base/time.h"
#include "base/utf8.h"
#include "base/xml.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

void s3_fail(struct s3_call *call, int status, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *message = lb_arena_vprintf(call->arena, format, args);
    va_end(args);
    sb_error_s3(call->request, call->response, status, code, message);
}

const char *s3_header(const struct s3_call *call, const char *name)
{
    return lb_text(lb_map_get(call->request->headers, name), NULL);
}

const char *s3_query(const struct s3_call *call, const char *name)
{
    return lb_text(lb_map_get(call->request->query, name), NULL);
}

void s3_reply_header(struct s3_call *call, const char *name, const char *value)
{
    lb_map_set_string(call->arena, call->response->headers, name, value);
}

struct lb_value *s3_body(struct s3_call *call, const char *root)
{
    const struct lb_value *document = sb_body_xml(call->request);
    struct lb_value *body = lb_map_get(document, root);
    if (!body) {
        s3_fail(call, 400, "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our "
                "published schema");
        return NULL;
    }
    return lb_is(body, LB_MAP) ? body : lb_value_map(call->arena);
}

struct lb_value *s3_buckets(struct sandbox *sandbox)
{
    return lb_map_map(sandbox->arena, sb_state(sandbox, "s3"), "buckets");
}

struct lb_value *s3_bucket(struct sandbox *sandbox, const char *name)
{
    return lb_map_get(s3_buckets(sandbox), name);
}

struct lb_value *s3_config(const struct lb_value *bucket, const char *sub)
{
    return lb_map_get(lb_map_get(bucket, "config"), sub);
}

const char *s3_versioning(const struct lb_value *bucket)
{
    return lb_text(lb_map_get(s3_config(bucket, "versioning"), "Status"), "");
}

const char *s3_http_date(struct lb_arena *arena, int64_t at)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    time_t seconds = (time_t)at;
    gmtime_r(&seconds, &tm);
    return lb_arena_printf(arena, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                           tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                           tm.tm_sec);
}

/* --- which bucket, which key, which operation
 * ----------------------------------------------------- */

/* "NAME.s3.us-west-2.amazonaws.com", also "NAME.s3.localhost:4566": virtual-host addressing. */
static const char *host_bucket(struct lb_arena *arena, const char *host)
{
    const char *mark = NULL;
    for (const char *at = host; at && (at = strstr(at, ".s3")); at++) {
        mark = at[3] == '.' || at[3] == '-' ? at : mark;
    }
    return mark && mark > host ? lb_arena_strndup(arena, host, (size_t)(mark - host)) : NULL;
}

static void split_target(struct lb_arena *arena, const struct sb_request *request,
                         const char **name, const char **key)
{
    const char *path = request->path + (*request->path == '/');
    const char *slash = strchr(path, '/');
    *name = host_bucket(arena, request->host);
    if (*name) {
        *key = lb_percent_decode(arena, path);
        return;
    }
    *name = lb_percent_decode(
        arena, lb_arena_strndup(arena, path, slash ? (size_t)(slash - path) : strlen(path)));
    *key = slash ? lb_percent_decode(arena, slash + 1) : "";
}

static const struct s3_operation *find_operation(const struct sb_request *request,
                                                 enum s3_level level)
{
    const struct s3_operation *const tables[] = {s3_multipart_operations, s3_config_operations,
                                                 s3_object_operations, s3_list_operations,
                                                 s3_bucket_operations};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (const struct s3_operation *row = tables[t]; row->name; row++) {
            if (row->level == level && lb_streq(row->method, request->method) &&
                (!row->sub || lb_map_get(request->query, row->sub)) &&
                (!row->header || lb_map_get(request->headers, row->header))) {
                return row;
            }
        }
    }
    return NULL;
}

static const struct s3_operation *resolve(struct s3_call *call)
{
    split_target(call->arena, call->request, &call->name, &call->key);
    enum s3_level level = !*call->name ? S3_SERVICE : !*call->key ? S3_BUCKET : S3_OBJECT;
    return find_operation(call->request, level);
}

static int route(struct sandbox *sandbox, struct sb_request *request)
{
    struct s3_call call = {.sandbox = sandbox, .request = request, .arena = request->arena};
    const struct s3_operation *operation = resolve(&call);
    request->resource = *call.key ? lb_arena_printf(request->arena, "%s/%s", call.name, call.key)
                                  : call.name;
    request->operation = operation ? operation->name : "";
    request->mutating = operation && operation->mutating;
    if (!*request->region) {
        const char *region = sb_s3_bucket_region(sandbox, call.name);
        request->region = region ? lb_arena_strdup(request->arena, region) : "us-east-1";
    }
    return operation ? 0 : -1;
}

/* --- what every operation on a bucket checks first
 * ------------------------------------------------- */

static void wrong_region(struct s3_call *call, const char *region)
{
    s3_reply_header(call, "x-amz-bucket-region", region);
    if (strstr(call->request->host, lb_arena_printf(call->arena, ".%s.amazonaws.com", region))) {
        s3_fail(call, 400, "AuthorizationHeaderMalformed",
                "The authorization header is malformed; the region '%s' is wrong; expecting '%s'",
                call->request->region, region);
        return;
    }
    s3_fail(call, 301, "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified "
            "endpoint. Please send all future requests to this endpoint.");
}

static bool region_fits(struct s3_call *call)
{
    const char *region = lb_text_at(call->bucket, "region", "");
    if (sb_region_down(call->sandbox, region)) {
        call->response->status = 0;
        return false;
    }
    /* The us-east-1 end point answers this for every region: it is how a client finds out. */
    if (lb_streq(region, call->request->region) ||
        (lb_streq(call->operation->name, "GetBucketLocation") &&
         lb_streq(call->request->region, "us-east-1"))) {
        return true;
    }
    wrong_region(call, region);
    return false;
}

static bool caller_fits(struct s3_call *call)
{
    const char *owner = s3_header(call, "x-amz-expected-bucket-owner");
    bool reads = lb_streq(call->operation->name, "GetObject") ||
                 lb_streq(call->operation->name, "HeadObject");
    if ((owner && !lb_streq(owner, call->sandbox->account)) ||
        (!*call->request->caller &&
         !(reads && sb_s3_public(call->sandbox, call->name, call->key)))) {
        s3_fail(call, 403, "AccessDenied", "Access Denied");
        return false;
    }
    return true;
}

static bool may_run(struct s3_call *call)
{
    if (!lb_utf8_valid(call->key, strlen(call->key)) || strstr(call->request->path, "%00")) {
        s3_fail(call, 400, "InvalidURI", "Couldn't parse the specified URI.");
        return false;
    }
    bool creates = lb_streq(call->operation->name, "CreateBucket");
    if (!*call->name || creates) {
        if (!*call->request->caller) {
            s3_fail(call, 403, "AccessDenied", "Access Denied");
        }
        return *call->request->caller != '\0';
    }
    if (!call->bucket) {
        s3_fail(call, 404, "NoSuchBucket", "The specified bucket does not exist");
        return false;
    }
    if (lb_streq(call->operation->name, "HeadBucket")) {
        s3_reply_header(call, "x-amz-bucket-region", lb_text_at(call->bucket, "region", ""));
    }
    return region_fits(call) && caller_fits(call);
}

static void handle(struct sandbox *sandbox, struct sb_request *request,
                   struct sb_response *response)
{
    struct s3_call call = {
        .sandbox = sandbox, .request = request, .response = response, .arena = request->arena};
    call.operation = resolve(&call);
    call.bucket = *call.name ? s3_bucket(sandbox, call.name) : NULL;
    s3_reply_header(&call, "x-amz-id-2",
                    lb_text(lb_map_get(response->headers, "x-amzn-requestid"), ""));
    if (may_run(&call) && (!call.operation->checked || s3_check_digests(&call, true, NULL))) {
        call.operation->run(&call);
    }
}

/* --- for other services
 * ----------------------------------------------------------------------------- */

const void *sb_s3_object(struct sandbox *sandbox, const char *bucket, const char *key,
                         size_t *length)
{
    const struct lb_value *version = s3_newest(s3_bucket(sandbox, bucket), key);
    return version && !s3_is_marker(version)
               ? sb_blob_get(sandbox, lb_text_at(version, "blob", ""), length)
               : NULL;
}

const char *sb_s3_bucket_region(struct sandbox *sandbox, const char *bucket)
{
    return lb_text_at(s3_bucket(sandbox, bucket), "region", NULL);
}

const char *sb_s3_folder(struct sandbox *sandbox)
{
    struct lb_arena *keep = sandbox->arena;
    if (!s3_bucket(sandbox, S3_FOLDER)) {
        struct lb_value *folder = lb_value_map(keep);
        lb_map_set_string(keep, folder, "region", "local");
        lb_map_set_int(keep, folder, "created", sb_now(sandbox));
        lb_map_map(keep, folder, "config");
        lb_map_map(keep, folder, "objects");
        lb_map_map(keep, folder, "uploads");
        lb_map_set(keep, s3_buckets(sandbox), S3_FOLDER, folder);
    }
    return S3_FOLDER;
}

bool sb_s3_public(struct sandbox *sandbox, const char *name, const char *key)
{
    const struct lb_value *bucket = s3_bucket(sandbox, name);
    struct lb_arena *arena = lb_arena_new();
    const char *policy = lb_text(s3_config(bucket, "policy"), NULL);
    bool open = policy &&
                !lb_bool_at(s3_config(bucket, "publicAccessBlock"), "RestrictPublicBuckets",
                            false) &&
                sb_policy_anonymous(arena, policy, "s3:GetObject",
                                    lb_arena_printf(arena, "arn:aws:s3:::%s/%s", name, key));
    lb_arena_free(arena);
    return open;
}

int sb_s3_write(struct sandbox *sandbox, const char *bucket, const char *key, const void *bytes,
                size_t length)
{
    if (!s3_bucket(sandbox, bucket)) {
        return -1;
    }
    s3_version_add(sandbox, bucket, key, s3_version_new(sandbox, bytes, length));
    sb_touch(sandbox);
    return 0;
}

int sb_s3_remove(struct sandbox *sandbox, const char *bucket, const char *key)
{
    if (!s3_bucket(sandbox, bucket)) {
        return -1;
    }
    s3_delete(sandbox, bucket, key, false);
    sb_touch(sandbox);
    return 0;
}

struct lb_value *sb_s3_keys(struct sandbox *sandbox, struct lb_arena *arena, const char *bucket,
                            const char *prefix)
{
    const struct lb_value *objects = lb_map_get(s3_bucket(sandbox, bucket), "objects");
    struct lb_value *keys = lb_value_list(arena);
    for (size_t i = 0; i < lb_value_count(objects); i++) {
        const struct lb_entry *entry = lb_map_nth(objects, i);
        const struct lb_value *newest = lb_list_item(entry->value,
                                                     lb_value_count(entry->value) - 1);
        if (lb_value_count(entry->value) > 0 && !s3_is_marker(newest) &&
            lb_starts_with(entry->key, prefix)) {
            lb_list_add_string(arena, keys, entry->key);
        }
    }
    lb_list_sort(keys);
    return keys;
}

static void tick(struct sandbox *sandbox, int64_t now)
{
    s3_replicate_tick(sandbox, now);
    s3_lifecycle_tick(sandbox, now);
}

/* Unsigned: whatever no other service's path or form claims. */
static bool claims(const struct sandbox *sandbox, const struct sb_request *request)
{
    (void)sandbox;
    return lb_streq(request->service, "s3") ||
           (!lb_streq(request->path, "/") && !lb_starts_with(request->path, "/20"));
}

static void tagged(struct sandbox *sandbox, struct lb_arena *arena, const char *region,
                   struct sb_tagged *search)
{
    const struct lb_value *buckets = lb_map_get(sb_state(sandbox, "s3"), "buckets");
    for (size_t i = 0; i < lb_value_count(buckets); i++) {
        const struct lb_entry *bucket = lb_map_nth(buckets, i);
        const struct lb_value *set = lb_value_at(bucket->value, "config/tagging/TagSet/Tag");
        if (!lb_streq(lb_text_at(bucket->value, "region", ""), region))
            continue;
        struct lb_value *tags = lb_value_list(arena);
        for (size_t k = 0; k < lb_xml_count(set); k++)
            lb_list_add(arena, tags, lb_value_copy(arena, lb_xml_item(set, k)));
        sb_tagged_add(search, lb_arena_printf(arena, "arn:aws:s3:::%s", bucket->key), tags);
    }
}

const struct sb_service sb_service_s3 = {
    .name = "s3",
    .signing = "s3",
    .claims = claims,
    .route = route,
    .handle = handle,
    .tick = tick,
    .error = sb_error_s3,
    .tagged = tagged,
    .anonymous = true,
};
