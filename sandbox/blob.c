/* blob.c: large bytes by their digest, beside the tree: the same object stored twice is held once.
 * With --state they are files of their own, read when they are first asked for.
 */
#include "sandbox/blob.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sb_blob {
    char id[LB_SHA256_HEX];
    void *bytes; /* NULL: dropped, or not read yet */
    size_t length;
    bool saved;  /* there is a file */
    bool wanted; /* mark of the sweep */
};

static size_t slot_of(const struct sandbox_private *private, const char *id)
{
    unsigned long hash = 0;
    for (int i = 0; i < 12 && id[i]; i++) {
        hash = hash * 31 + (unsigned char)id[i];
    }
    size_t slot = hash % private->blob_capacity;
    while (private->blobs[slot] && strcmp(private->blobs[slot]->id, id) != 0) {
        slot = (slot + 1) % private->blob_capacity;
    }
    return slot;
}

static void *must(void *memory)
{
    if (!memory) {
        fputs("lifeboat-sandbox: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void grow(struct sandbox_private *private)
{
    struct sb_blob **old = private->blobs;
    size_t capacity = private->blob_capacity;
    private->blob_capacity = capacity ? capacity * 2 : 256;
    private->blobs = must(calloc(private->blob_capacity, sizeof *private->blobs));
    for (size_t i = 0; i < capacity; i++) {
        if (old[i]) {
            private->blobs[slot_of(private, old[i]->id)] = old[i];
        }
    }
    free(old);
}

static struct sb_blob *blob_entry(struct sandbox_private *private, const char *id)
{
    if (private->blob_count * 2 >= private->blob_capacity) {
        grow(private);
    }
    size_t slot = slot_of(private, id);
    if (!private->blobs[slot]) {
        private->blobs[slot] = must(calloc(1, sizeof **private->blobs));
        memcpy(private->blobs[slot]->id, id, LB_SHA256_HEX - 1);
        private->blob_count++;
    }
    return private->blobs[slot];
}

const char *sb_blob_put(struct sandbox *sandbox, const void *bytes, size_t length)
{
    char id[LB_SHA256_HEX];
    lb_sha256_hex(bytes, length, id);
    struct sb_blob *blob = blob_entry(sandbox->private, id);
    if (!blob->bytes) {
        blob->bytes = must(malloc(length + 1));
        if (length > 0) {
            memcpy(blob->bytes, bytes, length);
        }
        ((char *)blob->bytes)[length] = '\0';
        blob->length = length;
    }
    return blob->id;
}

static void blob_path(const struct sandbox *sandbox, const char *id, struct lb_str *out)
{
    lb_str_printf(out, "%s/blobs/%s", sandbox->state_dir, id);
}

const void *sb_blob_get(struct sandbox *sandbox, const char *id, size_t *length)
{
    if (!id || strlen(id) != LB_SHA256_HEX - 1) {
        return NULL;
    }
    struct sb_blob *blob = blob_entry(sandbox->private, id);
    if (!blob->bytes && sandbox->state_dir) {
        struct lb_str path = {0};
        blob_path(sandbox, id, &path);
        blob->bytes = sb_file_read(lb_str_text(&path), &blob->length);
        blob->saved = blob->bytes != NULL;
        lb_str_release(&path);
    }
    *length = blob->length;
    return blob->bytes;
}

void sb_blobs_save(struct sandbox *sandbox)
{
    struct sandbox_private *private = sandbox->private;
    for (size_t i = 0; i < private->blob_capacity; i++) {
        struct sb_blob *blob = private->blobs[i];
        if (blob && blob->bytes && !blob->saved) {
            struct lb_str path = {0};
            blob_path(sandbox, blob->id, &path);
            blob->saved = sb_file_write(lb_str_text(&path), blob->bytes, blob->length) == 0;
            lb_str_release(&path);
        }
    }
}

static void mark(struct sandbox_private *private, const struct lb_value *value)
{
    if (lb_is(value, LB_MAP)) {
        for (size_t i = 0; i < lb_value_count(value); i++) {
            mark(private, lb_map_nth(value, i)->value);
        }
    } else if (lb_is(value, LB_LIST)) {
        for (size_t i = 0; i < lb_value_count(value); i++) {
            mark(private, lb_list_item(value, i));
        }
    } else if (lb_is(value, LB_STRING) && value->as.text.length == LB_SHA256_HEX - 1) {
        struct sb_blob *blob = private->blobs[slot_of(private, value->as.text.bytes)];
        if (blob) {
            blob->wanted = true;
        }
    }
}

void sb_blobs_sweep(struct sandbox *sandbox, bool files)
{
    struct sandbox_private *private = sandbox->private;
    if (private->blob_capacity > 0) {
        mark(private, sandbox->state);
    }
    for (size_t i = 0; i < private->blob_capacity; i++) {
        struct sb_blob *blob = private->blobs[i];
        if (!blob) {
            continue;
        }
        if (!blob->wanted) {
            free(blob->bytes);
            blob->bytes = NULL;
            if (files && blob->saved) {
                struct lb_str path = {0};
                blob_path(sandbox, blob->id, &path);
                unlink(lb_str_text(&path));
                lb_str_release(&path);
            }
        }
        blob->wanted = false;
    }
}

void sb_blobs_free(struct sandbox *sandbox)
{
    struct sandbox_private *private = sandbox->private;
    for (size_t i = 0; i < private->blob_capacity; i++) {
        if (private->blobs[i]) {
            free(private->blobs[i]->bytes);
            free(private->blobs[i]);
        }
    }
    free(private->blobs);
}
