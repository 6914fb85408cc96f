/* cluster_forward.c: --cluster: a domain's calls answered by a real node. The signature was
 * checked; the node gets basic authentication instead. What only the service understands in a
 * repository (role_arn, region, endpoint) is turned into what a plain node needs, and what was sent
 * is kept, so that a GET shows what was registered. URL:
 * http://user:password@host:port?repository=fs:/path maps s3 repositories onto the node's `fs`
 * type. */
#include "sandbox/cluster.h"

#include "base/json.h"
#include "sandbox/internal.h"

#include <curl/curl.h>
#include <string.h>

#define TIMEOUT_SECONDS 120
#define DEFAULT_USER "admin:admin-Pass-1"

const char *sb_forward_url(const struct sandbox *sandbox, struct lb_arena *arena,
                           const struct sb_node *node)
{
    if (!node->domain)
        return NULL;
    return lb_text(
        lb_map_get(sandbox->clusters, lb_arena_printf(arena, "%s@%s", node->name, node->region)),
        NULL);
}

/* --- repositories
 * --------------------------------------------------------------------------------------- */
static const char *repository_of(struct sb_call *call)
{
    const char *path = call->request->path;
    const char *name = path + strlen("/_snapshot/");

    if (!lb_starts_with(path, "/_snapshot/") || strchr(name, '/') || !*name || name[0] == '_')
        return NULL;
    return lb_percent_decode(call->arena, name);
}

static struct lb_value *for_s3_node(struct sb_call *call, const struct lb_value *sent)
{
    static const char *const service_only[] = {"role_arn", "region", "endpoint"};
    struct lb_value *settings = lb_value_copy(call->arena, sent);

    for (size_t i = 0; i < 3; i++)
        lb_map_remove(settings, service_only[i]);
    lb_map_set_string(
        call->arena, settings, "region",
        lb_text_at(sent, "region",
                   sb_s3_bucket_region(call->sandbox, lb_text_at(sent, "bucket", ""))));
    lb_map_set_string(call->arena, settings, "endpoint",
                      lb_arena_printf(call->arena, "127.0.0.1:%u", call->sandbox->private->port));
    lb_map_set_string(call->arena, settings, "protocol", "http");
    lb_map_set_string(call->arena, settings, "path_style_access", "true");
    lb_map_set_string(call->arena, settings, "access_key", SB_ACCESS_KEY);
    lb_map_set_string(call->arena, settings, "secret_key", SB_SECRET_KEY);
    return settings;
}

static struct lb_value *for_fs_node(struct sb_call *call, const struct lb_value *sent,
                                    const char *folder)
{
    static const char *const kept[] = {"readonly", "compress", "chunk_size"};
    struct lb_value *settings = lb_value_map(call->arena);

    lb_map_set(call->arena, settings, "location",
               lb_value_format(call->arena, "%s/%s/%s", folder, lb_text_at(sent, "bucket", ""),
                               lb_text_at(sent, "base_path", "")));
    for (size_t i = 0; i < 3; i++)
        lb_map_set_string(call->arena, settings, kept[i], lb_text_at(sent, kept[i], NULL));
    return settings;
}

/* The body for the node; the one that came when it is no registration. */
static const char *body_for_node(struct sb_call *call, const char *folder, size_t *length)
{
    const char *name = repository_of(call), *text;
    struct lb_value *sent, *body = lb_value_map(call->arena);

    *length = call->request->body_length;
    sent = name ? sb_body_json(call->request) : NULL;
    if (!lb_map_get(sent, "settings") || !lb_streq(lb_text_at(sent, "type", ""), "s3"))
        return call->request->body;
    lb_map_set_string(call->arena, body, "type", folder ? "fs" : "s3");
    lb_map_set(call->arena, body, "settings",
               folder ? for_fs_node(call, lb_map_get(sent, "settings"), folder)
                      : for_s3_node(call, lb_map_get(sent, "settings")));
    sb_keep(call->sandbox, sb_node_table(call->sandbox, sb_node_of(call), "repositories"), name,
            sent);
    text = lb_json_text(call->arena, body);
    *length = strlen(text);
    return text;
}

/* In an answer that lists repositories, what was registered takes the place of what the node has.
 */
static void map_back(struct sb_call *call)
{
    struct lb_value *kept = sb_node_table(call->sandbox, sb_node_of(call), "repositories"), *body;
    const char *error = NULL;

    if (!lb_streq(call->request->method, "GET") || call->response->status != 200 ||
        !(lb_streq(call->request->path, "/_snapshot") || repository_of(call)))
        return;
    body = lb_json_parse(call->arena, call->response->body.data, call->response->body.length,
                         &error);
    for (size_t i = 0; i < lb_value_count(body); i++) {
        const struct lb_entry *entry = lb_map_nth(body, i);
        struct lb_value *sent = lb_map_get(kept, entry->key), *settings;

        if (!sent)
            continue;
        settings = lb_value_map(call->arena);
        for (size_t j = 0; j < lb_value_count(lb_map_get(sent, "settings")); j++) {
            const struct lb_entry *one = lb_map_nth(lb_map_get(sent, "settings"), j);

            lb_map_set_string(call->arena, settings, one->key, lb_text(one->value, NULL));
        }
        lb_map_set_string(call->arena, entry->value, "type", "s3");
        lb_map_set(call->arena, entry->value, "settings", settings);
    }
    if (body) {
        lb_str_clear(&call->response->body);
        sb_reply_json(call->response, 200, body);
    }
}

/* --- the call
 * ---------------------------------------------------------------------------------------------- */
static size_t receive(char *bytes, size_t size, size_t count, void *body)
{
    lb_str_add(body, bytes, size * count);
    return size * count;
}

static const char *url_without_query(struct sb_call *call, const char *url, const char **folder)
{
    const char *query = strchr(url, '?');
    size_t length = query ? (size_t)(query - url) : strlen(url);

    *folder = query && lb_starts_with(query, "?repository=fs:") ? query + 15 : NULL;
    while (length && url[length - 1] == '/')
        length--;
    return lb_arena_printf(call->arena, "%.*s%s%s%s", (int)length, url, call->request->path,
                           *call->request->raw_query ? "?" : "", call->request->raw_query);
}

static void set_method(CURL *curl, const struct sb_request *request, const char *body,
                       size_t length)
{
    bool head = lb_streq(request->method, "HEAD");

    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_NOBODY, head ? 1L : 0L);
    if (length) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
}

static struct curl_slist *headers_for(struct sb_call *call)
{
    const char *type = lb_text_at(call->request->headers, "content-type", "application/json");
    struct curl_slist *list = curl_slist_append(
        NULL, lb_arena_printf(call->arena, "Content-Type: %s", type));

    return curl_slist_append(list, "Expect:");
}

/* The node may call back: its repository is this sandbox's S3. So the lock is let go meanwhile, and
 * what was found in the state before is looked up again. */
static CURLcode perform_unlocked(struct sb_call *call, CURL *curl)
{
    CURLcode result;

    call->sandbox->private->outside++;
    pthread_mutex_unlock(&call->sandbox->private->lock);
    result = curl_easy_perform(curl);
    pthread_mutex_lock(&call->sandbox->private->lock);
    call->sandbox->private->outside--;
    if (!sb_node_by_host(call->sandbox, call->arena, call->request->host, sb_node_of(call)))
        return CURLE_COULDNT_CONNECT; /* the domain was deleted in between */
    return result;
}

static void answer(struct sb_call *call, CURL *curl, CURLcode result)
{
    long status = 0;
    char *type = NULL;

    if (result != CURLE_OK) {
        lb_str_clear(&call->response->body);
        sb_node_error(call, 503, "node_unreachable", "%s", curl_easy_strerror(result));
        return;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    call->response->status = (int)status;
    call->response->content_type = type ? lb_arena_strdup(call->arena, type) : "application/json";
    map_back(call);
}

void sb_forward(struct sb_call *call, const char *url)
{
    const char *folder, *target = url_without_query(call, url, &folder), *body;
    struct curl_slist *headers = headers_for(call);
    CURL *curl = curl_easy_init();
    size_t length;

    if (!curl) {
        curl_slist_free_all(headers);
        sb_node_error(call, 503, "node_unreachable", "out of memory");
        return;
    }
    body = body_for_node(call, folder, &length);
    curl_easy_setopt(curl, CURLOPT_URL, target);
    if (!strchr(url, '@'))
        curl_easy_setopt(curl, CURLOPT_USERPWD, DEFAULT_USER);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &call->response->body);
    set_method(curl, call->request, body, length);
    answer(call, curl, perform_unlocked(call, curl));
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}
