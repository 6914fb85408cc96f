/* cluster_forward_repository.c: repositories of a domain that a real node stands for. What only the
 * service understands (role_arn, and region or endpoint by whether the bucket is in the domain's
 * region) is judged here and turned into what a plain node needs; what was sent is kept beside it,
 * so that a GET shows the registration as the service would, with whatever was changed on the node
 * since. Type s3 stays s3, at this sandbox's address with its keys, or becomes the folder
 * FOLDER/BUCKET/BASE_PATH of type fs for a node that has no S3 plugin. */
#include "sandbox/cluster_forward.h"

#include "base/json.h"
#include "sandbox/internal.h"

#include <string.h>

/* What tells a plain node where to go and as whom: never shown by the domain. */
static const char *const places[] = {"region",   "endpoint",          "role_arn",
                                     "protocol", "path_style_access", "access_key",
                                     "location", "secret_key"};
/* What a folder takes of the settings of a bucket. */
static const char *const of_folders[] = {"readonly", "compress", "chunk_size",
                                         "max_snapshot_bytes_per_sec", "max_restore_bytes_per_sec"};
#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool listed(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (lb_streq(list[i], name))
            return true;
    return false;
}

static const char *repository_of(struct sb_call *call)
{
    const char *path = call->request->path;
    const char *name = path + strlen("/_snapshot/");

    if (!lb_starts_with(path, "/_snapshot/") || strchr(name, '/') || !*name || name[0] == '_')
        return NULL;
    return lb_percent_decode(call->arena, name);
}

static struct lb_value *kept(struct sb_call *call)
{
    return sb_node_table(call->sandbox, sb_node_of(call), "repositories");
}

/* --- to the node
 * -------------------------------------------------------------------------------------------- */
static struct lb_value *for_s3_node(struct sb_call *call, const struct lb_value *sent)
{
    struct lb_arena *arena = call->arena;
    struct lb_value *settings = lb_value_copy(arena, sent);
    const char *region = sb_s3_bucket_region(call->sandbox, lb_text_at(sent, "bucket", ""));

    for (size_t i = 0; i < COUNT(places); i++)
        lb_map_remove(settings, places[i]);
    lb_map_set_string(arena, settings, "region", region ? region : sb_node_of(call)->region);
    lb_map_set_string(arena, settings, "endpoint",
                      lb_arena_printf(arena, "127.0.0.1:%u", call->sandbox->private->port));
    lb_map_set_string(arena, settings, "protocol", "http");
    lb_map_set_string(arena, settings, "path_style_access", "true");
    lb_map_set_string(arena, settings, "access_key", SB_ACCESS_KEY);
    lb_map_set_string(arena, settings, "secret_key", SB_SECRET_KEY);
    return settings;
}

static struct lb_value *location(struct lb_arena *arena, const char *folder,
                                 const struct lb_value *sent)
{
    return lb_value_format(arena, "%s/%s/%s", folder, lb_text_at(sent, "bucket", ""),
                           lb_text_at(sent, "base_path", ""));
}

static struct lb_value *for_fs_node(struct sb_call *call, const struct lb_value *sent,
                                    const char *folder)
{
    struct lb_value *settings = lb_value_map(call->arena);

    lb_map_set(call->arena, settings, "location", location(call->arena, folder, sent));
    for (size_t i = 0; i < COUNT(of_folders); i++)
        lb_map_set_string(call->arena, settings, of_folders[i],
                          lb_text_at(sent, of_folders[i], NULL));
    return settings;
}

/* What the service meets in the bucket before a node could: the role is its matter. */
static const char *fault_of(struct sb_call *call, const struct lb_value *settings)
{
    const char *path = lb_text_at(settings, "base_path", "");
    struct sb_repository repository = {.settings = (struct lb_value *)settings,
                                       .bucket = lb_text_at(settings, "bucket", ""),
                                       .prefix = *path ? lb_arena_printf(call->arena, "%s/", path)
                                                       : "",
                                       .readonly = lb_bool_at(settings, "readonly", false)};

    return sb_repository_fault(call->sandbox, call->arena, sb_node_of(call), &repository);
}

void sb_forward_registration(struct sb_call *call, const char *folder, struct sb_forwarded *out)
{
    const char *method = call->request->method, *name = repository_of(call);
    struct lb_value *sent, *body, *settings;

    *out = (struct sb_forwarded){.body = call->request->body, .length = call->request->body_length};
    if (!name || !(lb_streq(method, "PUT") || lb_streq(method, "POST")))
        return;
    sent = sb_body_json(call->request);
    settings = lb_map_get(sent, "settings");
    if (!settings || !lb_streq(lb_text_at(sent, "type", ""), "s3"))
        return;
    body = lb_value_map(call->arena);
    lb_map_set_string(call->arena, body, "type", folder ? "fs" : "s3");
    lb_map_set(call->arena, body, "settings",
               folder ? for_fs_node(call, settings, folder) : for_s3_node(call, settings));
    out->name = name;
    out->sent = sent;
    out->fault = fault_of(call, settings);
    out->body = lb_json_text(call->arena, body);
    out->length = strlen(out->body);
}

/* --- back
 * ---------------------------------------------------------------------------------------------------
 */
static bool was_registered(const struct sb_call *call)
{
    return call->response->status == 200 ||
           (call->response->status == 500 &&
            strstr(lb_str_text(&call->response->body), "repository_verification_exception"));
}

/* The node's own settings, but for its places; from what was sent those, and what the node could
 * not take. NULL when the node's repository is not the one that was sent. */
static struct lb_value *as_sent(struct lb_arena *arena, const struct lb_value *sent,
                                const struct lb_value *found, const char *folder)
{
    struct lb_value *settings = lb_value_map(arena);

    if (folder &&
        !lb_streq(lb_text_at(found, "location", ""), lb_text(location(arena, folder, sent), NULL)))
        return NULL;
    for (size_t i = 0; i < lb_value_count(sent); i++) {
        const struct lb_entry *entry = lb_map_nth(sent, i);
        bool taken = folder ? listed(of_folders, COUNT(of_folders), entry->key)
                            : !listed(places, COUNT(places), entry->key);

        if (!taken || lb_map_get(found, entry->key))
            lb_map_set_string(arena, settings, entry->key, lb_text(entry->value, NULL));
    }
    for (size_t i = 0; i < lb_value_count(found); i++) {
        const struct lb_entry *entry = lb_map_nth(found, i);

        if (!listed(places, COUNT(places), entry->key))
            lb_map_set(arena, settings, entry->key, entry->value);
    }
    return settings;
}

static void show_as_sent(struct sb_call *call, const char *folder)
{
    const char *error = NULL;
    struct lb_value *body = lb_json_parse(call->arena, call->response->body.data,
                                          call->response->body.length, &error);

    for (size_t i = 0; i < lb_value_count(body); i++) {
        const struct lb_entry *entry = lb_map_nth(body, i);
        struct lb_value *sent = lb_map_get(lb_map_get(kept(call), entry->key), "settings");
        struct lb_value *settings = sent ? as_sent(call->arena, sent,
                                                   lb_map_get(entry->value, "settings"), folder)
                                         : NULL;

        if (!settings)
            continue;
        lb_map_set_string(call->arena, entry->value, "type", "s3");
        lb_map_set(call->arena, entry->value, "settings", settings);
    }
    if (body) {
        lb_str_clear(&call->response->body);
        sb_reply_json(call->response, 200, body);
    }
}

void sb_forward_back(struct sb_call *call, const char *folder, const struct sb_forwarded *forwarded)
{
    const char *path = call->request->path;

    if (forwarded->name && was_registered(call)) {
        sb_keep(call->sandbox, kept(call), forwarded->name, forwarded->sent);
        if (forwarded->fault) {
            lb_str_clear(&call->response->body);
            sb_repository_unverified(call, forwarded->name, forwarded->fault);
        }
    } else if (lb_streq(call->request->method, "GET") && call->response->status == 200 &&
               (lb_streq(path, "/_snapshot") || lb_streq(path, "/_snapshot/_all") ||
                repository_of(call))) {
        show_as_sent(call, folder);
    }
}
