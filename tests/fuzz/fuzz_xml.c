/* XML: a value or an error; what has no attributes is written and read back as the same value. */
#include "base/xml.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Lists of one and names outside ASCII are not written the way they were read. */
static bool writable(const struct lb_value *value)
{
    for (size_t i = 0; i < lb_value_count(value); i++) {
        const struct lb_entry *entry = lb_map_nth(value, i);
        if (entry && (entry->key[strcspn(entry->key, "@#:")] ||
                      entry->key[strspn(entry->key, "abcdefghijklmnopqrstuvwxyz")]))
            return false;
        if (!writable(entry ? entry->value : lb_list_item(value, i)))
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_arena *arena = lb_arena_new();
    const char *error = NULL;
    struct lb_value *value = lb_xml_parse(arena, (const char *)data, size, &error);
    MUST((value == NULL) == (error != NULL));
    if (value && writable(value)) {
        const struct lb_entry *root = lb_map_nth(value, 0);
        struct lb_str out = {0};
        lb_xml_write(&out, root->key, NULL, root->value);
        struct lb_value *again = lb_xml_parse(arena, out.data, out.length, &error);
        MUST(again && lb_value_equal(value, again));
        lb_str_release(&out);
    }
    lb_arena_free(arena);
    return 0;
}
