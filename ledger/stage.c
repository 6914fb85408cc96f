/* stage.c: objects that wait in memory until they are written together. The objects of a hundred
 * entries cost four fsyncs as one pack and over a thousand as files of their own.
 *
 * While a stage is open it is the repository's only object database, and looks into the disk's own
 * for what it does not hold. libgit2 would otherwise look through the folder of packs twice for
 * each new object. Its mempack is no help: it does not tell what it holds, and what it dumps is
 * whole trees, old objects too.
 */
#include "ledger/store.h"

#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include <string.h>

#define PACK_MAX ((size_t)1 << 30)

struct object {
    git_oid id;
    git_object_t type;
    size_t length;
    const void *bytes;
    size_t next; /* of the same chain; 0: none */
};

struct lb_stage {
    git_odb_backend backend; /* first: libgit2 knows the stage as this */
    struct lb_arena *arena;  /* of the objects and of the stage */
    git_odb *odb, *disk;
    struct object *objects; /* from 1 */
    size_t count, capacity;
    size_t chains[256 * 16]; /* by the first 12 bits of the id */
};

static size_t *chain(struct lb_stage *stage, const git_oid *id)
{
    return &stage->chains[id->id[0] * 16U + (id->id[1] >> 4)];
}

static const struct object *find(git_odb_backend *backend, const git_oid *id)
{
    struct lb_stage *stage = (struct lb_stage *)backend;
    size_t i = *chain(stage, id);
    while (i && git_oid_cmp(&stage->objects[i].id, id) != 0)
        i = stage->objects[i].next;
    return i ? &stage->objects[i] : NULL;
}

/* --- what libgit2 calls
 * ------------------------------------------------------------------------------------
 */

static int copy(void **out, git_odb_backend *backend, const void *bytes, size_t length)
{
    char *data = git_odb_backend_data_alloc(backend, length + 1);
    *out = data;
    if (!data)
        return -1;
    memcpy(data, bytes, length);
    data[length] = '\0';
    return 0;
}

static int on_read(void **bytes, size_t *length, git_object_t *type, git_odb_backend *backend,
                   const git_oid *id)
{
    const struct lb_stage *stage = (const struct lb_stage *)backend;
    const struct object *object = find(backend, id);
    git_odb_object *there = NULL;
    int result = object ? 0 : git_odb_read(&there, stage->disk, id);
    if (result != 0)
        return result;
    *length = object ? object->length : git_odb_object_size(there);
    *type = object ? object->type : git_odb_object_type(there);
    result = copy(bytes, backend, object ? object->bytes : git_odb_object_data(there), *length);
    git_odb_object_free(there);
    return result;
}

static int on_read_header(size_t *length, git_object_t *type, git_odb_backend *backend,
                          const git_oid *id)
{
    const struct lb_stage *stage = (const struct lb_stage *)backend;
    const struct object *object = find(backend, id);
    if (!object)
        return git_odb_read_header(length, type, stage->disk, id);
    *length = object->length;
    *type = object->type;
    return 0;
}

static int on_exists(git_odb_backend *backend, const git_oid *id)
{
    const struct lb_stage *stage = (const struct lb_stage *)backend;
    return find(backend, id) || git_odb_exists(stage->disk, id);
}

/* libgit2 asks before it writes: 0 stands for an object that is there, and will stay. One on the
 * disk may be unused and about to be pruned; on_write has it renewed there. */
static int on_freshen(git_odb_backend *backend, const git_oid *id)
{
    return find(backend, id) ? 0 : -1;
}

static int on_write(git_odb_backend *backend, const git_oid *id, const void *bytes, size_t length,
                    git_object_t type)
{
    struct lb_stage *stage = (struct lb_stage *)backend;
    size_t *first = chain(stage, id), place = stage->count + 1;
    git_oid same;
    if (git_odb_exists_ext(stage->disk, id, GIT_ODB_LOOKUP_NO_REFRESH))
        return git_odb_write(&same, stage->disk, bytes, length, type);
    stage->objects = lb_arena_grow(stage->arena, stage->objects, place, place + 1,
                                   sizeof *stage->objects, &stage->capacity);
    stage->objects[place] = (struct object){*id, type, length,
                                            lb_arena_strndup(stage->arena, bytes, length), *first};
    *first = place;
    stage->count = place;
    return 0;
}

/* libgit2 must have a function here; the stage is freed by lb_stage_end. */
static void keep(git_odb_backend *backend)
{
    (void)backend;
}

/* --- for the ledger
 * ----------------------------------------------------------------------------------------
 */

/* After the databases: they let go of the backend when the last of them is freed. */
static void discard(struct lb_stage *stage)
{
    git_odb_free(stage->odb);
    git_odb_free(stage->disk);
    lb_arena_free(stage->arena);
}

int lb_stage_begin(struct lb_ledger *ledger, struct lb_stage **out)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_stage *stage = lb_arena_alloc(arena, sizeof *stage);
    *stage = (struct lb_stage){.arena = arena};
    git_odb_init_backend(&stage->backend, GIT_ODB_BACKEND_VERSION);
    stage->backend.read = on_read;
    stage->backend.read_header = on_read_header;
    stage->backend.exists = on_exists;
    stage->backend.freshen = on_freshen;
    stage->backend.write = on_write;
    stage->backend.free = keep;
    lb_store_settings(ledger);
    int result = git_odb_new(&stage->odb);
    if (result == 0)
        result = git_repository_odb(&stage->disk, ledger->repo);
    if (result == 0)
        result = git_odb_add_backend(stage->odb, &stage->backend, 1);
    if (result == 0)
        result = git_repository_set_odb(ledger->repo, stage->odb);
    if (result == 0) {
        *out = stage;
        return 0;
    }
    lb_store_error(ledger, "LB-G005", "its objects");
    discard(stage);
    return -1;
}

static int collect(void *bytes, size_t length, void *payload)
{
    struct lb_str *pack = payload;
    lb_str_add(pack, bytes, length);
    return pack->overflow ? -1 : 0;
}

static int build(struct lb_ledger *ledger, const struct lb_stage *stage, struct lb_str *pack)
{
    git_packbuilder *builder = NULL;
    int result = git_packbuilder_new(&builder, ledger->repo);
    if (result == 0)
        git_packbuilder_set_threads(builder, 1);
    for (size_t i = 1; i <= stage->count && result == 0; i++)
        result = git_packbuilder_insert(builder, &stage->objects[i].id, NULL);
    if (result == 0)
        result = git_packbuilder_foreach(builder, collect, pack);
    git_packbuilder_free(builder);
    return result;
}

/* In one piece: git_packbuilder_write makes three calls to the system for each object. */
static int store(struct lb_ledger *ledger, const struct lb_stage *stage, const struct lb_str *pack)
{
    git_indexer *indexer = NULL;
    git_indexer_progress progress = {0};
    const char *folder = lb_arena_printf(ledger->arena, "%s/objects/pack", ledger->git_dir);
    int result = git_indexer_new(&indexer, folder, 0, stage->odb, NULL);
    if (result == 0)
        result = git_indexer_append(indexer, pack->data, pack->length, &progress);
    if (result == 0)
        result = git_indexer_commit(indexer, &progress);
    git_indexer_free(indexer);
    return result;
}

int lb_stage_write(struct lb_ledger *ledger, struct lb_stage *stage)
{
    struct lb_str pack;
    if (!stage->count)
        return 0;
    lb_str_init(&pack, PACK_MAX);
    /* what is read was hashed when it was staged, and is hashed once more as part of the pack */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
    int result = build(ledger, stage, &pack);
    if (result == 0)
        result = store(ledger, stage, &pack);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    lb_str_release(&pack);
    return result == 0 ? 0 : lb_store_error(ledger, "LB-G005", "a pack of entries");
}

void lb_stage_end(struct lb_ledger *ledger, struct lb_stage *stage)
{
    git_repository_set_odb(ledger->repo, stage->disk);
    discard(stage);
}
