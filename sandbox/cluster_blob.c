/* cluster_blob.c: the files of a snapshot repository, laid out as OpenSearch 2.x does it (FIXED
 * paths): index-N, index.latest, snap- and meta-UUID.dat, indices/ID/meta-*.dat,
 * indices/ID/0/{index-*, snap-UUID.dat, __*}. So whatever happens to them in S3 (expiry, delete
 * markers, replication that lags) happens to the cluster. */
#include "sandbox/cluster.h"

#include "base/digest.h"
#include "base/json.h"
#include "sandbox/smile.h"

#include <stdlib.h>
#include <string.h>

struct writer {
    struct sandbox *sandbox;
    struct lb_arena *arena;
    const struct sb_node *node;
    const struct sb_repository *repository;
    struct lb_value *index;   /* index-N */
    struct lb_value *details; /* of the snapshot being written */
    const char *uuid;
};

const char *sb_blob_id(struct sandbox *sandbox, struct lb_arena *arena)
{
    return sb_id(sandbox, arena, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                 22);
}

/* --- index-N
 * ------------------------------------------------------------------------------------------- */
/* The listing decides which generation is the newest, not index.latest. */
static int64_t newest_generation(struct sandbox *sandbox, struct lb_arena *arena,
                                 const struct sb_repository *repository)
{
    const char *stem = lb_arena_printf(arena, "%sindex-", repository->prefix);
    struct lb_value *keys = sb_s3_keys(sandbox, arena, repository->bucket, stem);
    int64_t newest = -1;

    for (size_t i = 0; i < lb_value_count(keys); i++) {
        const char *number = lb_text(lb_list_item(keys, i), "") + strlen(stem);
        int64_t generation = strtoll(number, NULL, 10);

        if (*number && sb_only(number, "0123456789") && generation > newest)
            newest = generation;
    }
    return newest;
}

struct lb_value *sb_blob_index_load(struct sandbox *sandbox, struct lb_arena *arena,
                                    const struct sb_repository *repository, int64_t *generation)
{
    const char *error = NULL, *bytes;
    size_t length;

    *generation = newest_generation(sandbox, arena, repository);
    if (*generation < 0)
        return lb_value_map(arena);
    bytes = sb_s3_object(
        sandbox, repository->bucket,
        lb_arena_printf(arena, "%sindex-%lld", repository->prefix, (long long)*generation),
        &length);
    return bytes ? lb_json_parse(arena, bytes, length, &error) : NULL;
}

void sb_blob_index_save(struct sandbox *sandbox, struct lb_arena *arena,
                        const struct sb_repository *repository, struct lb_value *index,
                        int64_t generation)
{
    const char *text = lb_json_text(arena, index);
    unsigned char latest[8];

    for (int i = 0; i < 8; i++)
        latest[i] = (unsigned char)((uint64_t)(generation + 1) >> (56 - 8 * i));
    sb_s3_write(
        sandbox, repository->bucket,
        lb_arena_printf(arena, "%sindex-%lld", repository->prefix, (long long)generation + 1), text,
        strlen(text));
    sb_s3_write(sandbox, repository->bucket,
                lb_arena_printf(arena, "%sindex.latest", repository->prefix), latest, 8);
    if (generation >= 0)
        sb_s3_remove(
            sandbox, repository->bucket,
            lb_arena_printf(arena, "%sindex-%lld", repository->prefix, (long long)generation));
}

/* --- writing a snapshot
 * ------------------------------------------------------------------------------------ */
static void write_file(struct writer *writer, const char *key, const char *codec,
                       const struct lb_value *content)
{
    struct lb_str out;

    lb_str_init(&out, 0);
    sb_smile_file(&out, codec, content);
    sb_s3_write(writer->sandbox, writer->repository->bucket, key, out.data, out.length);
    lb_str_release(&out);
}

static const char *key_of(struct writer *writer, const char *format, const char *a, const char *b)
{
    struct lb_str out;
    size_t used = 0;

    lb_str_init(&out, 4096);
    lb_str_puts(&out, writer->repository->prefix);
    for (; *format; format++) {
        if (*format == '%')
            lb_str_puts(&out, used++ == 0 ? a : b);
        else
            lb_str_putc(&out, *format);
    }
    return lb_str_take(&out, writer->arena);
}

/* The same index at the same generation, in a snapshot that is listed: its files are used again. */
static struct lb_value *written_before(struct writer *writer, const struct lb_value *one)
{
    struct lb_value *snapshots = lb_map_get(writer->index, "snapshots");

    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        struct lb_value *details = sb_snapshot_details(
            writer->sandbox, lb_text_at(lb_list_item(snapshots, i), "uuid", ""));
        struct lb_value *indices = lb_map_get(details, "indices");

        for (size_t j = 0; j < lb_value_count(indices); j++) {
            struct lb_value *other = lb_list_item(indices, j);

            if (lb_value_equal(lb_map_get(one, "uuid"), lb_map_get(other, "uuid")) &&
                lb_value_equal(lb_map_get(one, "generation"), lb_map_get(other, "generation")))
                return other;
        }
    }
    return NULL;
}

static void write_data(struct writer *writer, struct lb_value *one, const char *id)
{
    struct lb_value *before = written_before(writer, one), *files;
    const char *name, *text;

    if (before) {
        lb_map_set(writer->arena, one, "files", lb_map_get(before, "files"));
        return;
    }
    name = lb_arena_printf(writer->arena, "__%s", sb_blob_id(writer->sandbox, writer->arena));
    text = lb_json_text(writer->arena, lb_map_get(one, "docs"));
    sb_s3_write(writer->sandbox, writer->repository->bucket,
                key_of(writer, "indices/%/0/%", id, name), text, strlen(text));
    files = lb_map_list(writer->arena, one, "files");
    lb_list_add_string(writer->arena, files, name);
}

static struct lb_value *shard_content(struct writer *writer, const struct lb_value *one)
{
    struct lb_value *content = lb_value_map(writer->arena), *files;
    struct lb_value *names = lb_map_get(one, "files");
    const char *text = lb_json_text(writer->arena, lb_map_get(one, "docs"));

    lb_map_set_string(writer->arena, content, "name", lb_text_at(writer->details, "snapshot", ""));
    lb_map_set_int(writer->arena, content, "index_version", lb_int_at(one, "generation", 1));
    lb_map_set_int(writer->arena, content, "start_time",
                   lb_int_at(writer->details, "start", 0) * 1000);
    lb_map_set_int(writer->arena, content, "time", 1);
    lb_map_set_int(writer->arena, content, "number_of_files", (int64_t)lb_value_count(names));
    lb_map_set_int(writer->arena, content, "total_size", (int64_t)strlen(text));
    files = lb_map_list(writer->arena, content, "files");
    for (size_t i = 0; i < lb_value_count(names); i++) {
        struct lb_value *file = lb_value_map(writer->arena);

        lb_map_set(writer->arena, file, "name", lb_list_item(names, i));
        lb_map_set_string(writer->arena, file, "physical_name", "_0.cfs");
        lb_map_set_int(writer->arena, file, "length", (int64_t)strlen(text));
        lb_map_set_string(writer->arena, file, "checksum", "1x2y3z4");
        lb_map_set_int(writer->arena, file, "part_size", 1073741824);
        lb_map_set_string(writer->arena, file, "written_by", "9.12.1");
        lb_list_add(writer->arena, files, file);
    }
    return content;
}

static void drop_old_shard_index(struct writer *writer, const char *id, const char *keep)
{
    struct lb_value *keys = sb_s3_keys(writer->sandbox, writer->arena, writer->repository->bucket,
                                       key_of(writer, "indices/%/0/index-", id, ""));

    for (size_t i = 0; i < lb_value_count(keys); i++) {
        if (!lb_streq(lb_text(lb_list_item(keys, i), ""), keep))
            sb_s3_remove(writer->sandbox, writer->repository->bucket,
                         lb_text(lb_list_item(keys, i), ""));
    }
}

/* One index: data, shard files, metadata, and its rows in index-N. */
static void write_index(struct writer *writer, struct lb_value *one, struct lb_value *lookup)
{
    struct lb_arena *arena = writer->arena;
    const char *name = lb_text_at(one, "name", ""), *shard_index;
    struct lb_value *rows = lb_map_map(arena, writer->index, "indices");
    struct lb_value *row = lb_map_map(arena, rows, name);
    struct lb_value *metas = lb_map_map(arena, writer->index, "index_metadata_identifiers");
    const char *id = lb_text_at(row, "id", NULL), *generation = sb_blob_id(writer->sandbox, arena);
    const char *identifier = lb_arena_printf(arena, "%s-_na_-1-1-1", lb_text_at(one, "uuid", ""));
    struct lb_value *generations = lb_value_list(arena), *content = lb_value_map(arena);

    id = id ? id : sb_blob_id(writer->sandbox, arena);
    lb_map_set_string(arena, row, "id", id);
    lb_list_add_string(arena, lb_map_list(arena, row, "snapshots"), writer->uuid);
    lb_list_add_string(arena, generations, generation);
    lb_map_set(arena, row, "shard_generations", generations);
    lb_map_set_string(arena, one, "id", id);
    write_data(writer, one, id);
    write_file(writer, key_of(writer, "indices/%/0/snap-%.dat", id, writer->uuid), "snapshot",
               shard_content(writer, one));
    lb_list_add(arena, lb_map_list(arena, content, "files"), shard_content(writer, one));
    shard_index = key_of(writer, "indices/%/0/index-%", id, generation);
    write_file(writer, shard_index, "snapshots", content);
    drop_old_shard_index(writer, id, shard_index);
    if (!lb_map_get(metas, identifier)) {
        const char *meta = sb_blob_id(writer->sandbox, arena);

        lb_map_set_string(arena, metas, identifier, meta);
        write_file(writer, key_of(writer, "indices/%/meta-%.dat", id, meta), "index-metadata", row);
    }
    lb_map_set_string(arena, lookup, id, identifier);
}

static void list_snapshot(struct writer *writer, struct lb_value *lookup)
{
    struct lb_arena *arena = writer->arena;
    struct lb_value *entry = lb_value_map(arena);

    lb_map_set_string(arena, entry, "name", lb_text_at(writer->details, "snapshot", ""));
    lb_map_set_string(arena, entry, "uuid", writer->uuid);
    lb_map_set_int(arena, entry, "state", 1);
    lb_map_set(arena, entry, "index_metadata_lookup", lookup);
    lb_map_set_string(arena, entry, "version", writer->node->version);
    lb_list_add(arena, lb_map_list(arena, writer->index, "snapshots"), entry);
}

void sb_blob_snapshot_write(struct sandbox *sandbox, struct lb_arena *arena,
                            const struct sb_node *node, const struct sb_repository *repository,
                            struct lb_value *details)
{
    struct writer writer = {.sandbox = sandbox,
                            .arena = arena,
                            .node = node,
                            .repository = repository,
                            .details = details,
                            .uuid = lb_text_at(details, "uuid", "")};
    struct lb_value *indices = lb_map_get(details, "indices"), *lookup = lb_value_map(arena);
    struct lb_value *root = lb_value_map(arena);
    int64_t generation;

    writer.index = sb_blob_index_load(sandbox, arena, repository, &generation);
    if (!writer.index)
        return;
    lb_map_default(arena, writer.index, "min_version",
                   lb_value_string(arena, node->elastic ? "7.9.0" : "7.12.0"));
    if (!node->elastic) {
        lb_map_default(arena, writer.index, "uuid",
                       lb_value_string(arena, sb_blob_id(sandbox, arena)));
        lb_map_set(arena, writer.index, "cluster_id", lb_map_get(node->state, "uuid"));
    }
    lb_map_list(arena, writer.index, "snapshots");
    for (size_t i = 0; i < lb_value_count(indices); i++)
        write_index(&writer, lb_list_item(indices, i), lookup);
    lb_map_set_string(arena, root, "name", lb_text_at(details, "snapshot", ""));
    lb_map_set_string(arena, root, "uuid", writer.uuid);
    lb_map_set_int(arena, root, "version_id", sb_version_number(node->version));
    lb_map_set_string(arena, root, "state", lb_text_at(details, "state", "SUCCESS"));
    write_file(&writer, key_of(&writer, "meta-%.dat", writer.uuid, ""), "metadata", root);
    write_file(&writer, key_of(&writer, "snap-%.dat", writer.uuid, ""), "snapshot", root);
    list_snapshot(&writer, lookup);
    sb_blob_index_save(sandbox, arena, repository, writer.index, generation);
}

/* --- deleting
 * ------------------------------------------------------------------------------------------------
 */
static bool file_in_use(struct writer *writer, const char *id, const char *file)
{
    struct lb_value *snapshots = lb_map_get(writer->index, "snapshots");

    for (size_t i = 0; i < lb_value_count(snapshots); i++) {
        struct lb_value *indices = lb_map_get(
            sb_snapshot_details(writer->sandbox,
                                lb_text_at(lb_list_item(snapshots, i), "uuid", "")),
            "indices");

        for (size_t j = 0; j < lb_value_count(indices); j++) {
            struct lb_value *one = lb_list_item(indices, j);

            if (lb_streq(lb_text_at(one, "id", ""), id) &&
                lb_list_has(lb_map_get(one, "files"), file))
                return true;
        }
    }
    return false;
}

/* Takes the snapshot out of the index's row; true when no snapshot is left there. */
static bool row_release(struct writer *writer, const char *name)
{
    struct lb_value *rows = lb_map_get(writer->index, "indices");
    struct lb_value *list = lb_map_get(lb_map_get(rows, name), "snapshots");

    for (size_t i = lb_value_count(list); i > 0; i--) {
        if (lb_streq(lb_text(lb_list_item(list, i - 1), ""), writer->uuid))
            sb_list_remove(list, i - 1);
    }
    if (lb_value_count(list))
        return false;
    lb_map_remove(rows, name);
    return true;
}

static void remove_below(struct writer *writer, const char *prefix)
{
    struct lb_value *keys = sb_s3_keys(writer->sandbox, writer->arena, writer->repository->bucket,
                                       prefix);

    for (size_t i = 0; i < lb_value_count(keys); i++)
        sb_s3_remove(writer->sandbox, writer->repository->bucket,
                     lb_text(lb_list_item(keys, i), ""));
}

static void remove_index_files(struct writer *writer, const struct lb_value *one, bool last)
{
    const char *id = lb_text_at(one, "id", "");
    struct lb_value *files = lb_map_get(one, "files");

    if (last) {
        remove_below(writer, key_of(writer, "indices/%/", id, ""));
        return;
    }
    sb_s3_remove(writer->sandbox, writer->repository->bucket,
                 key_of(writer, "indices/%/0/snap-%.dat", id, writer->uuid));
    for (size_t i = 0; i < lb_value_count(files); i++) {
        const char *file = lb_text(lb_list_item(files, i), "");

        if (!file_in_use(writer, id, file))
            sb_s3_remove(writer->sandbox, writer->repository->bucket,
                         key_of(writer, "indices/%/0/%", id, file));
    }
}

/* The new index-N goes first: a reader never sees a snapshot whose files are gone. */
void sb_blob_snapshot_delete(struct sandbox *sandbox, struct lb_arena *arena,
                             const struct sb_repository *repository, const char *name)
{
    struct writer writer = {.sandbox = sandbox, .arena = arena, .repository = repository};
    struct lb_value *snapshots, *indices, *last = lb_value_map(arena);
    int64_t generation;

    writer.index = sb_blob_index_load(sandbox, arena, repository, &generation);
    snapshots = lb_map_get(writer.index, "snapshots");
    for (size_t i = 0; i < lb_value_count(snapshots) && !writer.uuid; i++) {
        if (lb_streq(lb_text_at(lb_list_item(snapshots, i), "name", ""), name)) {
            writer.uuid = lb_text_at(lb_list_item(snapshots, i), "uuid", "");
            sb_list_remove(snapshots, i);
        }
    }
    if (!writer.uuid)
        return;
    indices = lb_map_get(sb_snapshot_details(sandbox, writer.uuid), "indices");
    for (size_t i = 0; i < lb_value_count(indices); i++) {
        const char *index_name = lb_text_at(lb_list_item(indices, i), "name", "");

        lb_map_set_bool(arena, last, index_name, row_release(&writer, index_name));
    }
    sb_blob_index_save(sandbox, arena, repository, writer.index, generation);
    for (size_t i = 0; i < lb_value_count(indices); i++) {
        struct lb_value *one = lb_list_item(indices, i);

        remove_index_files(&writer, one,
                           lb_bool(lb_map_get(last, lb_text_at(one, "name", "")), false));
    }
    sb_s3_remove(sandbox, repository->bucket, key_of(&writer, "snap-%.dat", writer.uuid, ""));
    sb_s3_remove(sandbox, repository->bucket, key_of(&writer, "meta-%.dat", writer.uuid, ""));
}

bool sb_blob_whole(struct sandbox *sandbox, const struct sb_repository *repository, const char *key)
{
    size_t length = 0;
    const void *bytes = sb_s3_object(sandbox, repository->bucket, key, &length);

    return sb_smile_whole(bytes, length);
}
