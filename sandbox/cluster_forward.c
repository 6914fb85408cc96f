/* cluster_forward.c: --cluster: a domain's calls answered by a real node. The signature was
 * checked; the node gets a password instead, or is told who calls. URL:
 *
 *     http://user:password@host:port[?repository=fs:/path][&callers=proxy]
 *
 * repository=fs:  s3 repositories become folders below /path (cluster_forward_repository.c)
 * callers=proxy   the node's own role mappings decide, as a domain's do: the master user signs in
 *                 with the password of the URL, everybody else is named in the headers of the
 *                 security plugin's proxy authentication, by the ARN of their role */
#include "sandbox/cluster_forward.h"

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

/* --- the call
 * ---------------------------------------------------------------------------------------------- */
static size_t receive(char *bytes, size_t size, size_t count, void *body)
{
    lb_str_add(body, bytes, size * count);
    return size * count;
}

/* The value of an option behind the URL's question mark; NULL when it is not there. */
static const char *option(struct lb_arena *arena, const char *url, const char *name)
{
    const char *at = strchr(url, '?');

    while (at && *at) {
        size_t length = strcspn(++at, "&");

        if (length > strlen(name) && strncmp(at, name, strlen(name)) == 0)
            return lb_arena_strndup(arena, at + strlen(name), length - strlen(name));
        at += length;
    }
    return NULL;
}

bool sb_forward_judges(struct lb_arena *arena, const char *url)
{
    return url && lb_streq(option(arena, url, "callers="), "proxy");
}

/* "user:password" of the URL; *bare is the URL without it. */
static const char *password_of(struct lb_arena *arena, const char *url, const char **bare)
{
    const char *host = strstr(url, "://");
    const char *at = host ? strchr(host + 3, '@') : NULL;

    *bare = url;
    if (!at || strcspn(host + 3, "/?") < (size_t)(at - host - 3))
        return DEFAULT_USER;
    *bare = lb_arena_printf(arena, "%.*s%s", (int)(host + 3 - url), url, at + 1);
    return lb_percent_decode(arena, lb_arena_strndup(arena, host + 3, (size_t)(at - host - 3)));
}

static const char *target_of(struct sb_call *call, const char *url, bool unverified)
{
    size_t length = strcspn(url, "?");
    const char *query = call->request->raw_query;
    const char *more = unverified ? "verify=false" : "";

    while (length && url[length - 1] == '/')
        length--;
    return lb_arena_printf(call->arena, "%.*s%s%s%s%s%s", (int)length, url, call->request->path,
                           *query || *more ? "?" : "", query, *query && *more ? "&" : "", more);
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

/* The URL's password for the master user and for domains that do not ask, the caller's own
 * password, or the caller's name. */
static void set_identity(struct sb_call *call, CURL *curl, const char *master, bool judges,
                         struct curl_slist **headers)
{
    const char *role = judges ? sb_node_mapped_as(call) : NULL;

    if (role && !call->request->user) {
        *headers = curl_slist_append(*headers,
                                     lb_arena_printf(call->arena, "x-proxy-user: %s", role));
        *headers = curl_slist_append(*headers, lb_arena_printf(call->arena, "x-proxy-roles: %s",
                                                               strstr(role, ":role/") ? role : ""));
        *headers = curl_slist_append(*headers, "x-forwarded-for: 127.0.0.1");
        return;
    }
    curl_easy_setopt(curl, CURLOPT_USERPWD,
                     role ? lb_arena_printf(call->arena, "%s:%s", role, call->request->password)
                          : master);
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

/* False when the node gave none. */
static bool answer(struct sb_call *call, CURL *curl, CURLcode result)
{
    long status = 0;
    char *type = NULL;

    if (result != CURLE_OK) {
        lb_str_clear(&call->response->body);
        sb_node_error(call, 503, "node_unreachable", "%s", curl_easy_strerror(result));
        return false;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    call->response->status = (int)status;
    call->response->content_type = type ? lb_arena_strdup(call->arena, type) : "application/json";
    return true;
}

void sb_forward(struct sb_call *call, const char *url)
{
    const char *folder = option(call->arena, url, "repository=fs:"), *bare;
    const char *master = password_of(call->arena, url, &bare);
    struct curl_slist *headers = headers_for(call);
    struct sb_forwarded forwarded;
    CURL *curl = curl_easy_init();

    if (!curl) {
        curl_slist_free_all(headers);
        sb_node_error(call, 503, "node_unreachable", "out of memory");
        return;
    }
    sb_forward_registration(call, folder, &forwarded);
    curl_easy_setopt(curl, CURLOPT_URL, target_of(call, bare, forwarded.fault != NULL));
    set_identity(call, curl, master, sb_forward_judges(call->arena, url), &headers);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &call->response->body);
    set_method(curl, call->request, forwarded.body, forwarded.length);
    if (answer(call, curl, perform_unlocked(call, curl)))
        sb_forward_back(call, folder, &forwarded);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}
