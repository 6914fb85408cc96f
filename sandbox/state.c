/* state.c: the one tree that holds everything, its folder on disk, and its compaction. An arena
 * never gives memory back, so after many changes the tree is copied into a new one and the old is
 * freed.
 */
#include "sandbox/blob.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COMPACT_AFTER 20000 /* changes */
#define SAVE_EVERY_MS 1000

struct lb_value *sb_state(struct sandbox *sandbox, const char *service)
{
    return lb_map_map(sandbox->arena, sandbox->state, service);
}

struct lb_value *sb_server_state(struct sandbox *sandbox)
{
    return sb_state(sandbox, "sandbox");
}

void sb_touch(struct sandbox *sandbox)
{
    sandbox->private->dirty = true;
    sandbox->private->changes++;
}

int64_t sb_setting(const struct sandbox *sandbox, const char *name, int64_t otherwise)
{
    const struct lb_value *settings = lb_value_at(sandbox->state, "sandbox/settings");
    return lb_int(lb_map_get(settings, name), otherwise);
}

bool sb_region_down(const struct sandbox *sandbox, const char *name)
{
    return lb_map_get(lb_value_at(sandbox->state, "sandbox/down"), name) != NULL;
}

char *sb_id(struct sandbox *sandbox, struct lb_arena *arena, const char *alphabet, size_t length)
{
    char *id = lb_arena_alloc(arena, length + 1);
    size_t letters = strlen(alphabet);
    unsigned char bytes[LB_SHA256_BYTES];
    for (size_t i = 0; i < length; i++) {
        if (i % sizeof bytes == 0) {
            char *seed = lb_arena_printf(arena, "%s:%llu", sandbox->account,
                                         (unsigned long long)++sandbox->private->ids);
            lb_sha256(seed, strlen(seed), bytes);
        }
        id[i] = alphabet[bytes[i % sizeof bytes] % letters];
    }
    return id;
}

static void state_path(const struct sandbox *sandbox, struct lb_str *out)
{
    lb_str_printf(out, "%s/state.json", sandbox->state_dir);
}

static int load(struct sandbox *sandbox)
{
    struct lb_str path = {0};
    size_t length;
    const char *error = NULL;
    state_path(sandbox, &path);
    char *text = sb_file_read(lb_str_text(&path), &length);
    lb_str_release(&path);
    if (!text) {
        return 0;
    }
    struct lb_arena *scratch = lb_arena_new();
    struct lb_value *tree = lb_json_parse(scratch, text, length, &error);
    free(text);
    if (!lb_is(tree, LB_MAP)) {
        fprintf(stderr, "lifeboat-sandbox: %s/state.json: %s\n", sandbox->state_dir,
                error ? error : "an object is expected");
        lb_arena_free(scratch);
        return -1;
    }
    sandbox->state = sb_keys_unfold(sandbox->arena, tree);
    lb_arena_free(scratch);
    return 0;
}

static int prepare_folder(const struct sandbox *sandbox)
{
    struct lb_str path = {0};
    int result = mkdir(sandbox->state_dir, 0777) == 0 || errno == EEXIST ? 0 : -1;
    lb_str_printf(&path, "%s/blobs", sandbox->state_dir);
    if (result == 0) {
        result = mkdir(lb_str_text(&path), 0777) == 0 || errno == EEXIST ? 0 : -1;
    }
    if (result < 0) {
        fprintf(stderr, "lifeboat-sandbox: %s: %s\n", lb_str_text(&path), strerror(errno));
    }
    lb_str_release(&path);
    return result;
}

int sb_open(struct sandbox *sandbox, const char *log_path)
{
    struct sandbox_private *private = calloc(1, sizeof *private);
    if (!private) {
        return -1;
    }
    sandbox->private = private;
    sandbox->arena = lb_arena_new();
    sandbox->state = lb_value_map(sandbox->arena);
    pthread_mutex_init(&private->lock, NULL);
    private->log_arena = lb_arena_new();
    private->fault_arena = lb_arena_new();
    private->faults = lb_value_list(private->fault_arena);
    if (sandbox->state_dir && (prepare_folder(sandbox) < 0 || load(sandbox) < 0)) {
        return -1;
    }
    private->log_file = log_path ? fopen(log_path, "w") : NULL;
    if (log_path && !private->log_file) {
        fprintf(stderr, "lifeboat-sandbox: %s: %s\n", log_path, strerror(errno));
        return -1;
    }
    int64_t saved = lb_int_at(sandbox->state, "sandbox/now", 0);
    int64_t wall = lb_time_now();
    private->ids = (uint64_t)lb_int_at(sandbox->state, "sandbox/ids", 0);
    bool fresh = !lb_value_count(sandbox->state);
    sb_clock_start(sandbox, saved > wall ? saved : wall);
    for (size_t i = 0; fresh && sb_services[i]; i++)
        if (sb_services[i]->begin)
            sb_services[i]->begin(sandbox);
    return 0;
}

void sb_save(struct sandbox *sandbox, bool now)
{
    struct sandbox_private *private = sandbox->private;
    int64_t at = lb_time_monotonic_ms();
    if (!sandbox->state_dir || !private->dirty ||
        (!now && at - private->saved_ms < SAVE_EVERY_MS)) {
        return;
    }
    struct lb_value *own = sb_server_state(sandbox);
    lb_map_set_int(sandbox->arena, own, "now", private->now);
    lb_map_set_int(sandbox->arena, own, "ids", (int64_t) private->ids);
    sb_blobs_save(sandbox);
    struct lb_arena *scratch = lb_arena_new();
    struct lb_str text, path = {0};
    lb_str_init(&text, (size_t)4 << 30);
    lb_json_write(&text, sb_keys_fold(scratch, sandbox->state), 0);
    state_path(sandbox, &path);
    if (sb_file_write(lb_str_text(&path), lb_str_text(&text), text.length) < 0) {
        fprintf(stderr, "lifeboat-sandbox: %s: %s\n", lb_str_text(&path), strerror(errno));
    }
    lb_str_release(&path);
    lb_str_release(&text);
    lb_arena_free(scratch);
    private->dirty = false;
    private->saved_ms = at;
}

void sb_compact(struct sandbox *sandbox)
{
    if (sandbox->private->changes < COMPACT_AFTER || sandbox->private->outside > 0) {
        return;
    }
    struct lb_arena *fresh = lb_arena_new();
    struct lb_value *state = lb_value_copy(fresh, sandbox->state);
    lb_arena_free(sandbox->arena);
    sandbox->arena = fresh;
    sandbox->state = state;
    sandbox->private->changes = 0;
    sb_blobs_sweep(sandbox, false);
}

void sb_close(struct sandbox *sandbox)
{
    struct sandbox_private *private = sandbox->private;
    private->dirty = true;
    sb_save(sandbox, true);
    if (sandbox->state_dir) {
        sb_blobs_sweep(sandbox, true);
    }
    sb_blobs_free(sandbox);
    if (private->log_file) {
        fclose(private->log_file);
    }
    lb_arena_free(private->log_arena);
    lb_arena_free(private->fault_arena);
    lb_arena_free(sandbox->arena);
    pthread_mutex_destroy(&private->lock);
    free(private);
}
