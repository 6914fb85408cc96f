/* store.c: opening the repository, its refs, its objects. The only place where libgit2's errors are
 * turned into ours, and where something is written into the repository.
 *
 * https://libgit2.org/libgit2/#v1.5.1 */
#include "ledger/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SIGNATURE_MAX 200 /* bytes of a name or an address */

int lb_store_error(struct lb_ledger *ledger, const char *code, const char *what)
{
    const git_error *error = git_error_last();
    return lb_diags_error(ledger->diags, code, NULL, "%s: %s", what,
                          error && error->message ? error->message : "no reason is given");
}

/* --- opening
 * ------------------------------------------------------------------------------------------------
 */

/* libgit2 1.5 says of a folder of somebody else's that "safe.directory" was not found in the
 * configuration, and of SHA-256 that an extension is not supported. */
static const char *code_of_open_error(int result)
{
    const git_error *error = git_error_last();
    const char *message = error && error->message ? error->message : "";
    if (result == GIT_EOWNER || strstr(message, "safe.directory") || strstr(message, "not owned"))
        return "LB-G003";
    if (strstr(message, "extension") || strstr(message, "objectformat") ||
        strstr(message, "repository version"))
        return "LB-G002";
    return "LB-G004";
}

/* What a clone that is partial or sparse states of itself, and what objects and refs do not depend
 * on; libgit2 1.5 knows none of them and would refuse the repository.
 * https://git-scm.com/docs/repository-version */
static void know_extensions(void)
{
    static const char *const names[] = {"partialclone", "worktreeconfig", "preciousobjects"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, names, sizeof names / sizeof *names);
}

static void close_ledger(void *object)
{
    struct lb_ledger *ledger = object;
    lb_ledger_unhold(ledger);
    git_repository_free(ledger->repo);
    ledger->repo = NULL;
    git_libgit2_shutdown();
}

void lb_ledger_close(struct lb_ledger *ledger)
{
    if (ledger)
        lb_ledger_unhold(ledger);
}

/* "remote.NAME.url" gives NAME; NULL for anything else. */
static char *remote_of(struct lb_arena *arena, const char *key)
{
    static const char head[] = "remote.", tail[] = ".url";
    size_t length = strlen(key), around = sizeof head - 1 + sizeof tail - 1;
    if (length <= around || !lb_starts_with(key, head) || !lb_ends_with(key, tail))
        return NULL;
    return lb_arena_strndup(arena, key + sizeof head - 1, length - around);
}

static void add_remote(struct lb_ledger *ledger, const char *name)
{
    for (size_t i = 0; i < ledger->remote_count; i++)
        if (lb_streq(ledger->remotes[i], name))
            return;
    ledger->remotes = lb_arena_grow(ledger->arena, ledger->remotes, ledger->remote_count,
                                    ledger->remote_count + 1, sizeof *ledger->remotes,
                                    &ledger->remote_capacity);
    ledger->remotes[ledger->remote_count++] = name;
}

/* git_remote_list matches with a regular expression, and libgit2 1.5 leaks 20 KB each time it does.
 */
static int list_remotes(struct lb_ledger *ledger)
{
    git_config *config = NULL;
    git_config_iterator *entries = NULL;
    git_config_entry *entry;
    int result = git_repository_config_snapshot(&config, ledger->repo);
    if (result == 0)
        result = git_config_iterator_new(&entries, config);
    while (result == 0 && (result = git_config_next(&entry, entries)) == 0) {
        const char *name = remote_of(ledger->arena, entry->name);
        if (name)
            add_remote(ledger, name);
    }
    git_config_iterator_free(entries);
    git_config_free(config);
    return result == GIT_ITEROVER ? 0 : lb_store_error(ledger, "LB-G004", "its remotes");
}

static int choose_remote(struct lb_ledger *ledger)
{
    if (list_remotes(ledger) != 0)
        return -1;
    const char *wanted = ledger->options.remote ? ledger->options.remote : "origin";
    bool only = ledger->remote_count == 1 && !ledger->options.remote;
    const char *found = only ? ledger->remotes[0] : NULL;
    for (size_t i = 0; i < ledger->remote_count; i++)
        if (lb_streq(ledger->remotes[i], wanted))
            found = ledger->remotes[i];
    ledger->has_remote = ledger->remote_count > 0;
    if (ledger->options.mode == LB_LEDGER_SHARED)
        ledger->remote = found;
    if (ledger->options.remote && !found)
        return lb_diags_error(ledger->diags, "LB-G014", NULL, "there is no remote \"%s\"",
                              ledger->options.remote);
    if (ledger->has_remote && !found && ledger->options.mode == LB_LEDGER_SHARED)
        return lb_diags_error(ledger->diags, "LB-G008", NULL, "%zu remotes, and none is `origin`",
                              ledger->remote_count);
    return 0;
}

static char *without_slash(struct lb_arena *arena, const char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return lb_arena_strndup(arena, path, length);
}

/* 0: there is no repository; else -1. A `.git` that libgit2 takes for no repository is a damaged
 * one: to go on without a ledger, and without its lock, would be wrong. */
static int report_open(struct lb_ledger *ledger, const char *folder, int result)
{
    const char *code = code_of_open_error(result);
    const char *checkout = lb_store_work_tree(ledger->arena, folder);
    if (result == GIT_ENOTFOUND && !checkout)
        return 0;
    if (lb_streq(code, "LB-G003")) /* the folder to name to git, and no word of how it is asked */
        return lb_diags_error(ledger->diags, code, NULL, "%s", checkout ? checkout : folder);
    if (git_error_last() && strstr(git_error_last()->message, "objectformat"))
        return lb_diags_error(ledger->diags, code, NULL, "%s: its objects are named by SHA-256",
                              checkout ? checkout : folder);
    return lb_store_error(ledger, code, folder);
}

/* libgit2 opens a repository whose HEAD says nothing, and fails in the middle of a write. */
static int check_head(struct lb_ledger *ledger)
{
    git_reference *head = NULL;
    int result = git_reference_lookup(&head, ledger->repo, "HEAD");
    git_reference_free(head);
    return result == 0 ? 0 : lb_store_error(ledger, "LB-G004", "HEAD");
}

int lb_ledger_open(struct lb_arena *arena, struct lb_diags *diags, const char *path,
                   const struct lb_ledger_options *options, struct lb_ledger **out)
{
    *out = NULL;
    if (options->mode == LB_LEDGER_NONE)
        return 0;
    struct lb_ledger *ledger = lb_arena_alloc(arena, sizeof *ledger);
    *ledger = (struct lb_ledger){.arena = arena, .diags = diags, .options = *options, .hold = -1};
    git_libgit2_init();
    /* an entry must be on the disk before anybody is told of it */
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    know_extensions();
    const char *folder = lb_store_folder(arena, path);
    int result = git_repository_open_ext(&ledger->repo, folder, 0, NULL);
    if (result != 0) {
        result = report_open(ledger, folder, result);
        git_libgit2_shutdown();
        return result;
    }
    lb_arena_defer(arena, close_ledger, ledger);
    ledger->git_dir = without_slash(arena, git_repository_commondir(ledger->repo));
    if (check_head(ledger) != 0 || choose_remote(ledger) != 0)
        return -1;
    *out = ledger;
    return 0;
}

const char *lb_ledger_remote(const struct lb_ledger *ledger)
{
    return ledger->remote;
}

int lb_ledger_mode_parse(const char *name, enum lb_ledger_mode *out)
{
    static const char *const names[] = {"auto", "local", "none"};
    for (size_t i = 0; i < 3; i++)
        if (lb_streq(name, names[i])) {
            *out = (enum lb_ledger_mode)i;
            return 0;
        }
    return -1;
}

struct lb_ledger_head *lb_store_head(struct lb_ledger *ledger, const char *stack)
{
    for (size_t i = 0; i < ledger->head_count; i++)
        if (lb_streq(ledger->heads[i]->stack, stack))
            return ledger->heads[i];
    struct lb_arena *arena = ledger->arena;
    struct lb_ledger_head *head = lb_arena_alloc(arena, sizeof *head);
    head->stack = lb_arena_strdup(arena, stack);
    head->branch = lb_arena_printf(arena, "refs/heads/" LB_LEDGER_BRANCH "%s", stack);
    head->seen = lb_arena_printf(arena, "refs/lifeboat/seen/%s", stack);
    ledger->heads = lb_arena_grow(arena, ledger->heads, ledger->head_count, ledger->head_count + 1,
                                  sizeof *ledger->heads, &ledger->head_capacity);
    return ledger->heads[ledger->head_count++] = head;
}

/* A boundary of a shallow clone that lies in a ledger. git keeps them in a file, a name a line. */
static bool is_cut(struct lb_ledger *ledger)
{
    char line[LB_OID_HEX + 8];
    bool found = false;
    if (git_repository_is_shallow(ledger->repo) != 1)
        return false;
    FILE *file = fopen(lb_arena_printf(ledger->arena, "%s/shallow", ledger->git_dir), "r");
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        found = lb_store_blob(ledger, line, "entry.json") != NULL;
    }
    if (file)
        fclose(file);
    return found;
}

struct lb_remote lb_store_remote(struct lb_ledger *ledger, const char *branch)
{
    return (struct lb_remote){
        .git_dir = without_slash(ledger->arena, git_repository_path(ledger->repo)),
        .directory = git_repository_workdir(ledger->repo),
        .name = ledger->remote,
        .branch = branch,
        .cut = is_cut(ledger),
        .deadline_s = ledger->options.deadline_s ? ledger->options.deadline_s : 60,
        .stop = ledger->options.stop};
}

/* --- refs
 * -------------------------------------------------------------------------------------------------
 */

int lb_store_ref(struct lb_ledger *ledger, const char *ref, char out[LB_OID_HEX])
{
    git_oid oid;
    int result = git_reference_name_to_id(&oid, ledger->repo, ref);
    *out = '\0';
    if (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC)
        return 0;
    if (result != 0)
        return lb_store_error(ledger, "LB-G004", ref);
    git_oid_tostr(out, LB_OID_HEX, &oid);
    return 0;
}

static int move_once(struct lb_ledger *ledger, const char *ref, const char *from, const char *to)
{
    git_oid old = {{0}}, new;
    git_reference *made = NULL;
    char now[LB_OID_HEX];
    if (lb_store_ref(ledger, ref, now) != 0)
        return -1;
    if (!lb_streq(now, from))
        return GIT_EMODIFIED;
    git_oid_fromstr(&new, to);
    if (*from)
        git_oid_fromstr(&old, from);
    /* to a ref that is not there yet `force` false is the comparison */
    int result = *from ? git_reference_create_matching(&made, ledger->repo, ref, &new, 1, &old,
                                                       "lifeboat: entry")
                       : git_reference_create(&made, ledger->repo, ref, &new, 0, "lifeboat: entry");
    git_reference_free(made);
    return result;
}

/* Called with the file lock held, so no lifeboat that lives can own it; git itself holds such a
 * lock for an instant only, and was waited for. */
static void remove_stale_lock(struct lb_ledger *ledger, const char *ref)
{
    char *path = lb_arena_printf(ledger->arena, "%s/%s.lock", ledger->git_dir, ref);
    if (unlink(path) != 0)
        return;
    struct lb_diag diag = {.code = "LB-G006", .detail = path};
    lb_diags_add(ledger->diags, &diag);
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int lb_store_move(struct lb_ledger *ledger, const char *ref, const char *from, const char *to)
{
    int guard = lb_store_lock(ledger, "write", true);
    if (guard < 0)
        return lb_diags_error(ledger->diags, "LB-G005", NULL, "%s/lifeboat: %s", ledger->git_dir,
                              errno == EAGAIN ? "another process does not end its write"
                                              : strerror(errno));
    lb_store_settings(ledger);
    int result = GIT_ELOCKED;
    for (int i = 0; i < 40 && result == GIT_ELOCKED; i++) {
        if (i == 39)
            remove_stale_lock(ledger, ref);
        if (i)
            pause_ms(50);
        result = move_once(ledger, ref, from, to);
    }
    lb_store_unlock(guard);
    if (result == GIT_EMODIFIED || result == GIT_EEXISTS)
        return 1;
    return result == 0 ? 0 : lb_store_error(ledger, "LB-G005", ref);
}

bool lb_store_descends(struct lb_ledger *ledger, const char *commit, const char *ancestor)
{
    git_oid child, parent;
    if (lb_streq(commit, ancestor))
        return true;
    return git_oid_fromstr(&child, commit) == 0 && git_oid_fromstr(&parent, ancestor) == 0 &&
           git_graph_descendant_of(ledger->repo, &child, &parent) == 1;
}

/* --- objects
 * ---------------------------------------------------------------------------------------------- */

struct lb_source *lb_store_blob(struct lb_ledger *ledger, const char *commit, const char *path)
{
    git_oid oid;
    git_commit *object = NULL;
    git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    git_blob *blob = NULL;
    struct lb_source *source = NULL;
    if (git_oid_fromstr(&oid, commit) == 0 && git_commit_lookup(&object, ledger->repo, &oid) == 0 &&
        git_commit_tree(&tree, object) == 0 && git_tree_entry_bypath(&entry, tree, path) == 0 &&
        git_blob_lookup(&blob, ledger->repo, git_tree_entry_id(entry)) == 0) {
        source = lb_arena_alloc(ledger->arena, sizeof *source);
        source->path = lb_arena_printf(ledger->arena, "%.12s:%s", commit, path);
        source->length = (size_t)git_blob_rawsize(blob);
        source->text = lb_arena_strndup(ledger->arena, git_blob_rawcontent(blob), source->length);
    }
    git_blob_free(blob);
    git_tree_entry_free(entry);
    git_tree_free(tree);
    git_commit_free(object);
    return source;
}

int lb_store_commit_named(struct lb_ledger *ledger, const char *prefix, char out[LB_OID_HEX])
{
    git_oid oid;
    git_object *object = NULL;
    size_t length = strlen(prefix);
    *out = '\0';
    if (length < LB_LEDGER_DIGITS || length > 40 || git_oid_fromstrn(&oid, prefix, length) != 0)
        return 0;
    int result = git_object_lookup_prefix(&object, ledger->repo, &oid, length, GIT_OBJECT_COMMIT);
    if (result == 0)
        git_oid_tostr(out, LB_OID_HEX, git_object_id(object));
    git_object_free(object);
    if (result == GIT_EAMBIGUOUS)
        return lb_diags_error(ledger->diags, "LB-G035", NULL, "\"%s\"", prefix);
    return 0;
}

void lb_store_commit_said(struct lb_ledger *ledger, const char *words, char out[LB_OID_HEX])
{
    git_object *object = NULL, *commit = NULL;
    *out = '\0';
    if (git_revparse_single(&object, ledger->repo, words) == 0 &&
        git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0)
        git_oid_tostr(out, LB_OID_HEX, git_object_id(commit));
    git_object_free(commit);
    git_object_free(object);
}

static int write_tree(struct lb_ledger *ledger, git_commit *parent,
                      const struct lb_store_file *files, size_t count, git_oid *out)
{
    git_tree_update *updates = lb_arena_array(ledger->arena, count, sizeof *updates);
    git_tree *base = NULL;
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        updates[i].action = GIT_TREE_UPDATE_UPSERT;
        updates[i].filemode = GIT_FILEMODE_BLOB;
        updates[i].path = files[i].path;
        result = git_blob_create_from_buffer(&updates[i].id, ledger->repo, files[i].bytes,
                                             files[i].length);
    }
    if (result == 0 && parent)
        result = git_commit_tree(&base, parent);
    if (result == 0)
        result = git_tree_create_updated(out, ledger->repo, base, count, updates);
    git_tree_free(base);
    return result;
}

/* A line end would end the header of the commit, and what follows it be read as another. A
 * character is not cut: git would call the commit's encoding wrong. */
static char *one_line(struct lb_arena *arena, const char *text)
{
    const char *line = lb_escape(arena, text);
    size_t length = strlen(line);
    if (length > SIGNATURE_MAX)
        for (length = SIGNATURE_MAX; length && ((unsigned char)line[length] & 0xc0) == 0x80;)
            length--;
    return lb_arena_strndup(arena, line, length);
}

/* Read once: libgit2 reads all of git's configuration for it, and does so anew for each move of a
 * ref if it was not told. */
static void know_identity(struct lb_ledger *ledger)
{
    git_signature *configured = NULL;
    ledger->knows_identity = true;
    if (git_signature_default(&configured, ledger->repo) == 0) {
        ledger->name = lb_arena_strdup(ledger->arena, configured->name);
        ledger->email = lb_arena_strdup(ledger->arena, configured->email);
        git_repository_set_ident(ledger->repo, ledger->name, ledger->email);
    }
    git_signature_free(configured);
}

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a && *a ? a : b && *b ? b : c;
}

/* Git's own identity where there is one: its variables (libgit2 1.5 does not read them), then its
 * config. Who writes an entry is in the entry anyway. `role`: "AUTHOR" or "COMMITTER". */
static int signature(struct lb_ledger *ledger, const char *role, const char *who, int64_t at,
                     git_signature **out)
{
    struct lb_arena *arena = ledger->arena;
    if (!ledger->knows_identity)
        know_identity(ledger);
    const char *name = first_of(getenv(lb_arena_printf(arena, "GIT_%s_NAME", role)), ledger->name,
                                who);
    const char *email = first_of(getenv(lb_arena_printf(arena, "GIT_%s_EMAIL", role)),
                                 ledger->email, "lifeboat@localhost");
    if (git_signature_new(out, one_line(arena, name), one_line(arena, email), at, 0) == 0)
        return 0;
    if (git_signature_new(out, one_line(ledger->arena, who), "lifeboat@localhost", at, 0) == 0)
        return 0;
    return git_signature_new(out, "lifeboat", "lifeboat@localhost", at, 0);
}

int lb_store_commit(struct lb_ledger *ledger, const char *parent, const struct lb_store_file *files,
                    size_t count, const char *who, int64_t at, const char *message,
                    char out[LB_OID_HEX])
{
    git_oid parent_oid, tree_oid, oid;
    git_commit *before = NULL;
    git_tree *tree = NULL;
    git_signature *author = NULL, *committer = NULL;
    int result = 0;
    if (*parent) {
        git_oid_fromstr(&parent_oid, parent);
        result = git_commit_lookup(&before, ledger->repo, &parent_oid);
    }
    if (result == 0)
        result = write_tree(ledger, before, files, count, &tree_oid);
    if (result == 0)
        result = git_tree_lookup(&tree, ledger->repo, &tree_oid);
    if (result == 0)
        result = signature(ledger, "AUTHOR", who, at, &author);
    if (result == 0)
        result = signature(ledger, "COMMITTER", who, at, &committer);
    const git_commit *parents[] = {before};
    if (result == 0)
        result = git_commit_create(&oid, ledger->repo, NULL, author, committer, NULL, message, tree,
                                   before ? 1 : 0, parents);
    git_signature_free(author);
    git_signature_free(committer);
    git_tree_free(tree);
    git_commit_free(before);
    if (result != 0)
        return lb_store_error(ledger, "LB-G005", "an entry");
    git_oid_tostr(out, LB_OID_HEX, &oid);
    return 0;
}
