/* chain.c: reading the ledger: its tip, its entries one by one, and what a name means. Offline. */
#include "ledger/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMOTES "refs/remotes/"
#define STACK_MAX 64

/* --- the stacks that have a ledger here
 * ------------------------------------------------------------------- */

/* "refs/heads/lifeboat/S" and "refs/remotes/R/lifeboat/S" give S. */
static const char *stack_of(const char *ref)
{
    const char *name = NULL;
    if (lb_starts_with(ref, "refs/heads/"))
        name = ref + strlen("refs/heads/");
    else if (lb_starts_with(ref, REMOTES) && strchr(ref + strlen(REMOTES), '/'))
        name = strchr(ref + strlen(REMOTES), '/') + 1;
    if (!name || !lb_starts_with(name, LB_LEDGER_BRANCH))
        return NULL;
    name += strlen(LB_LEDGER_BRANCH);
    return lb_ledger_is_stack(name) ? name : NULL;
}

bool lb_ledger_is_stack(const char *name)
{
    size_t length = strlen(name);
    return length && length <= STACK_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, and each once; how many are left. */
static size_t each_once(const char **stacks, size_t count)
{
    size_t kept = 0;
    qsort(stacks, count, sizeof *stacks, by_text);
    for (size_t i = 0; i < count; i++)
        if (!kept || !lb_streq(stacks[i], stacks[kept - 1]))
            stacks[kept++] = stacks[i];
    return kept;
}

const char **lb_ledger_stacks(struct lb_ledger *ledger, size_t *count)
{
    git_strarray refs = {0};
    *count = 0;
    if (git_reference_list(&refs, ledger->repo) != 0) {
        lb_store_error(ledger, "LB-G004", "its branches");
        return NULL;
    }
    const char **stacks = lb_arena_array(ledger->arena, refs.count + 1, sizeof *stacks);
    size_t found = 0;
    for (size_t i = 0; i < refs.count; i++)
        if (stack_of(refs.strings[i]))
            stacks[found++] = lb_arena_strdup(ledger->arena, stack_of(refs.strings[i]));
    git_strarray_dispose(&refs);
    *count = each_once(stacks, found);
    return stacks;
}

const char **lb_ledger_stacks_shared(struct lb_ledger *ledger, size_t *count)
{
    struct lb_remote_tip *tips;
    size_t there, capacity;
    const char **stacks = lb_ledger_stacks(ledger, count);
    if (!ledger->remote)
        return stacks;
    struct lb_remote remote = lb_store_remote(ledger, LB_STORE_BRANCHES);
    size_t found = capacity = *count;
    bool asked = lb_remote_below(&remote, ledger->diags, &tips, &there) == LB_REMOTE_OK;
    for (size_t i = 0; i < there; i++) {
        const char *name = tips[i].branch + strlen(LB_STORE_BRANCHES "/");
        if (!lb_ledger_is_stack(name))
            continue;
        stacks = lb_arena_grow(ledger->arena, stacks, found, found + 1, sizeof *stacks, &capacity);
        stacks[found++] = name;
    }
    *count = asked ? each_once(stacks, found) : 0;
    return asked ? stacks : NULL;
}

/* A clone has the ledger as a remote's branch; who wrote here has his own, maybe with more. */
static void take_newer(struct lb_ledger *ledger, const char *ref, char tip[LB_OID_HEX])
{
    char other[LB_OID_HEX];
    if (lb_store_ref(ledger, ref, other) == 0 && *other &&
        (!*tip || lb_store_descends(ledger, other, tip)))
        memcpy(tip, other, LB_OID_HEX);
}

int lb_ledger_tip(struct lb_ledger *ledger, const char *stack, char out[LB_OID_HEX])
{
    *out = '\0';
    if (lb_store_ref(ledger, lb_store_head(ledger, stack)->branch, out) != 0)
        return -1;
    for (size_t i = 0; i < ledger->remote_count; i++) {
        struct lb_str ref = {0};
        lb_str_printf(&ref, REMOTES "%s/" LB_LEDGER_BRANCH "%s", ledger->remotes[i], stack);
        take_newer(ledger, lb_str_text(&ref), out);
        lb_str_release(&ref);
    }
    return 0;
}

/* --- entries
 * --------------------------------------------------------------------------------------------------
 */

int lb_ledger_glance(struct lb_ledger *ledger, struct lb_arena *arena, const char *commit,
                     struct lb_ledger_entry *out, char parent[LB_OID_HEX])
{
    git_oid oid;
    git_commit *object = NULL;
    *out = (struct lb_ledger_entry){0};
    *parent = '\0';
    if (git_oid_fromstr(&oid, commit) != 0 || git_commit_lookup(&object, ledger->repo, &oid) != 0)
        return lb_store_error(ledger, "LB-G004", commit);
    lb_entry_from_message(arena, git_commit_message(object), out, NULL);
    snprintf(out->commit, sizeof out->commit, "%s", commit);
    if (git_commit_parentcount(object))
        git_oid_tostr(parent, LB_OID_HEX, git_commit_parent_id(object, 0));
    git_commit_free(object);
    if (!out->kind || !out->seq)
        return lb_diags_error(ledger->diags, "LB-G032", NULL, "%.12s: not an entry of a ledger",
                              commit);
    return 0;
}

int lb_ledger_read(struct lb_ledger *ledger, const char *commit, struct lb_ledger_entry *out)
{
    struct lb_source *source = lb_ledger_file(ledger, commit, "entry.json");
    return source ? lb_entry_from_json(ledger, source, commit, out) : -1;
}

/* "domain.search" is that of either side. */
static bool names_one(const struct lb_value *objects, const char *address)
{
    size_t length = strlen(address);
    for (size_t i = 0; i < lb_value_count(objects); i++) {
        const char *key = lb_map_nth(objects, i)->key;
        if (lb_starts_with(key, address) && (!key[length] || key[length] == '@'))
            return true;
    }
    return false;
}

bool lb_ledger_names(struct lb_ledger *ledger, const char *commit, const char *address)
{
    struct lb_ledger_entry entry;
    struct lb_arena *arena = ledger->arena;
    struct lb_diags unsaid, *said = ledger->diags;
    ledger->arena = lb_arena_new(); /* asked of many entries, of which nothing is kept */
    lb_diags_init(&unsaid, ledger->arena);
    ledger->diags = &unsaid;
    bool found = lb_ledger_read(ledger, commit, &entry) == 0 &&
                 names_one(lb_map_get(entry.body, "objects"), address);
    lb_arena_free(ledger->arena);
    ledger->arena = arena;
    ledger->diags = said;
    return found;
}

bool lb_ledger_shallow(struct lb_ledger *ledger)
{
    return git_repository_is_shallow(ledger->repo) == 1;
}

bool lb_ledger_here(struct lb_ledger *ledger, const char *commit)
{
    git_oid oid;
    git_commit *object = NULL;
    bool here = git_oid_fromstr(&oid, commit) == 0 &&
                git_commit_lookup(&object, ledger->repo, &oid) == 0;
    git_commit_free(object);
    return here;
}

struct lb_source *lb_ledger_file(struct lb_ledger *ledger, const char *commit, const char *name)
{
    struct lb_source *source = lb_store_blob(ledger, commit, name);
    if (!source && !lb_ledger_here(ledger, commit))
        lb_diags_error(ledger->diags, "LB-G004", NULL, "%.12s: this commit is missing", commit);
    else if (!source)
        lb_diags_error(ledger->diags, "LB-G032", NULL, "%.12s: no file %s", commit, name);
    return source;
}

/* --- finding
 * -------------------------------------------------------------------------------------------------
 */

struct search {
    struct lb_ledger *ledger;
    const char *name;
    size_t length;
    char commit[LB_OID_HEX]; /* that holds the plan */
    const char *path;        /* of the plan in its tree */
};

static int ambiguous(struct search *search)
{
    return lb_diags_error(search->ledger->diags, "LB-G035", NULL, "\"%s\"", search->name);
}

/* Plans are kept in 256 folders by the first two digits of their id. */
static int search_folder(struct search *search, const char *tip, const git_tree *folder)
{
    for (size_t i = 0; i < git_tree_entrycount(folder); i++) {
        const char *file = git_tree_entry_name(git_tree_entry_byindex(folder, i));
        if (strncmp(file, search->name + 2, search->length - 2) != 0)
            continue;
        char *path = lb_arena_printf(search->ledger->arena, "plans/%.2s/%s", search->name, file);
        if (search->path && !lb_streq(search->path, path))
            return ambiguous(search);
        search->path = path;
        memcpy(search->commit, tip, LB_OID_HEX);
    }
    return 0;
}

/* A name by hand: digits of one case. */
static char *digits(struct lb_arena *arena, const char *name)
{
    char *lower = lb_lowercase(arena, name);
    size_t length = strlen(lower);
    return length >= LB_LEDGER_DIGITS && length <= 64 && strspn(lower, "0123456789abcdef") == length
               ? lower
               : NULL;
}

static int search_stack(struct search *search, const char *stack)
{
    char tip[LB_OID_HEX];
    git_oid oid;
    git_commit *commit = NULL;
    git_tree *tree = NULL;
    git_tree_entry *entry = NULL;
    git_tree *folder = NULL;
    int result = 0;
    if (lb_ledger_tip(search->ledger, stack, tip) != 0)
        return -1;
    char *path = lb_arena_printf(search->ledger->arena, "plans/%.2s", search->name);
    git_repository *repo = search->ledger->repo;
    if (*tip && git_oid_fromstr(&oid, tip) == 0 && git_commit_lookup(&commit, repo, &oid) == 0 &&
        git_commit_tree(&tree, commit) == 0 && git_tree_entry_bypath(&entry, tree, path) == 0 &&
        git_tree_lookup(&folder, repo, git_tree_entry_id(entry)) == 0)
        result = search_folder(search, tip, folder);
    git_tree_free(folder);
    git_tree_entry_free(entry);
    git_tree_free(tree);
    git_commit_free(commit);
    return result;
}

bool lb_ledger_has(struct lb_ledger *ledger, const char *stack, const char *id)
{
    struct lb_diags unsaid, *said = ledger->diags;
    struct search search = {.ledger = ledger, .name = digits(ledger->arena, id)};
    if (!search.name)
        return false;
    search.length = strlen(search.name);
    lb_diags_init(&unsaid, ledger->arena);
    ledger->diags = &unsaid;
    search_stack(&search, stack);
    ledger->diags = said;
    return search.path != NULL;
}

static int search_plans(struct search *search, const char *stack)
{
    if (stack)
        return search_stack(search, stack);
    size_t count;
    const char **stacks = lb_ledger_stacks(search->ledger, &count);
    for (size_t i = 0; i < count; i++)
        if (search_stack(search, stacks[i]) != 0)
            return -1;
    return 0;
}

static char *plan_path(struct lb_arena *arena, const char *id)
{
    return lb_arena_printf(arena, "plans/%.2s/%s.json", id, id + 2);
}

int lb_ledger_find(struct lb_ledger *ledger, const char *stack, const char *name,
                   char commit[LB_OID_HEX], struct lb_source **plan)
{
    struct search search = {.ledger = ledger, .name = digits(ledger->arena, name)};
    struct lb_ledger_entry entry;
    *plan = NULL;
    *commit = '\0';
    if (search.name) {
        search.length = strlen(search.name);
        if (search_plans(&search, stack) != 0 ||
            lb_store_commit_named(ledger, search.name, commit) != 0)
            return -1;
    }
    if (!search.name && strstr(name, LB_LEDGER_BRANCH))
        lb_store_commit_said(ledger, name, commit);
    if (*commit && !lb_store_blob(ledger, commit, "entry.json"))
        *commit = '\0'; /* of the code beside it */
    if (search.path && *commit)
        return ambiguous(&search);
    if (!search.path && !*commit)
        return lb_diags_error(ledger->diags, "LB-G034", NULL, "\"%s\"", name);
    if (search.path) {
        memcpy(commit, search.commit, LB_OID_HEX);
        *plan = lb_ledger_file(ledger, commit, search.path);
        return *plan ? 0 : -1;
    }
    if (lb_ledger_read(ledger, commit, &entry) != 0)
        return -1;
    if (entry.plan && strlen(entry.plan) == 64)
        *plan = lb_store_blob(ledger, commit, plan_path(ledger->arena, entry.plan));
    return 0;
}
