/* place.c: where a file lies: its folder, the work tree around it, and its path below that tree's
 * root, which is what code scanning, annotations and entries of the ledger know it by. */
#include "ledger/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *lb_store_work_tree(struct lb_arena *arena, const char *path)
{
    struct stat info;
    char *at = realpath(path, NULL), *found = NULL;
    bool more = at != NULL;
    while (more && !found) {
        char *slash = strrchr(at, '/');
        if (lstat(lb_arena_printf(arena, "%s/.git", at), &info) == 0)
            found = lb_arena_strdup(arena, *at ? at : "/");
        more = slash != NULL;
        if (slash)
            *slash = '\0';
    }
    free(at);
    return found;
}

char *lb_store_folder(struct lb_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (lb_streq(path, "-") || !slash)
        return lb_arena_strdup(arena, ".");
    return slash == path ? lb_arena_strdup(arena, "/")
                         : lb_arena_strndup(arena, path, (size_t)(slash - path));
}

/* The path from `root`; NULL when it does not lie below. The folder is resolved and not the file: a
 * link is known by the name that it has here. */
static const char *below(struct lb_arena *arena, const char *root, const char *path)
{
    const char *slash = strrchr(path, '/'), *found = NULL;
    char *top = realpath(root, NULL), *in = realpath(lb_store_folder(arena, path), NULL);
    size_t length = top ? strlen(top) : 0;
    while (length && top[length - 1] == '/') /* the root of all */
        length--;
    if (top && in && strncmp(in, top, length) == 0 && (!in[length] || in[length] == '/')) {
        const char *folder = in[length] ? in + length + 1 : "";
        found = lb_arena_printf(arena, "%s%s%s", folder, *folder ? "/" : "",
                                slash ? slash + 1 : path);
    }
    free(top);
    free(in);
    return found;
}

const char *lb_ledger_path(struct lb_ledger *ledger, const char *path)
{
    const char *work = git_repository_workdir(ledger->repo);
    const char *found = work && !lb_streq(path, "-") ? below(ledger->arena, work, path) : NULL;
    return found ? found : path;
}

const char *lb_git_path(struct lb_arena *arena, const char *path)
{
    const char *work = lb_streq(path, "-")
                           ? NULL
                           : lb_store_work_tree(arena, lb_store_folder(arena, path));
    return work ? below(arena, work, path) : NULL;
}
