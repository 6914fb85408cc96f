/* The canonical form that is signed: lines of the input are the service, method, path, query and
 * headers. The order in which a query is written does not change it, nor that of the headers. */
#include "base/str.h"
#include "tests/fuzz/fuzz.h"
#include "transport/sigv4.h"

#define MAX_PARTS 64

/* The parts between separators, joined last first. */
static char *reversed(struct lb_arena *arena, const char *query)
{
    const char *parts[MAX_PARTS];
    size_t lengths[MAX_PARTS], count = 0;
    for (const char *at = query; count < MAX_PARTS; count++) {
        parts[count] = at;
        lengths[count] = strcspn(at, "&");
        at += lengths[count];
        if (!*at++)
            break;
    }
    if (count == MAX_PARTS)
        return lb_arena_strdup(arena, query);
    struct lb_str out = {0};
    for (size_t i = count + 1; i-- > 0;) {
        lb_str_add(&out, parts[i], lengths[i]);
        lb_str_puts(&out, i ? "&" : "");
    }
    return lb_str_take(&out, arena);
}

static char *line(struct lb_arena *arena, const char **at)
{
    size_t length = strcspn(*at, "\n");
    char *text = lb_arena_strndup(arena, *at, length);
    *at += length + ((*at)[length] == '\n');
    return text;
}

static struct lb_value *headers_of(struct lb_arena *arena, const char *text, bool backwards)
{
    const char *lines[MAX_PARTS];
    size_t count = 0;
    struct lb_value *headers = lb_value_map(arena);
    lb_map_set_string(arena, headers, "host", "example.com");
    while (*text && count < MAX_PARTS)
        lines[count++] = line(arena, &text);
    for (size_t i = 0; i < count; i++) {
        const char *one = lines[backwards ? count - 1 - i : i];
        size_t name = strcspn(one, ":");
        char *key = lb_lowercase(arena, lb_arena_strndup(arena, one, name));
        if (*key && one[name] && !lb_map_get(headers, key))
            lb_map_set_string(arena, headers, key, one + name + 1);
    }
    return headers;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lb_arena *arena = lb_arena_new();
    const char *at = lb_arena_strndup(arena, (const char *)data, size);
    struct lb_sigv4 params = {.access_key = "AKIAEXAMPLE",
                              .secret_key = "secret",
                              .region = "us-east-1",
                              .service = line(arena, &at)};
    struct lb_sigv4_request request = {.method = line(arena, &at), .payload_hash = "00"};
    request.path = lb_arena_printf(arena, "/%s", line(arena, &at));
    request.query = line(arena, &at);
    request.headers = headers_of(arena, at, false);
    const char *canonical = lb_sigv4_canonical(arena, &params, &request);
    MUST(canonical && lb_starts_with(canonical, request.method));
    const char *query = request.query;
    request.query = reversed(arena, query);
    MUST(lb_streq(canonical, lb_sigv4_canonical(arena, &params, &request)));
    request.query = query;
    const struct lb_value *headers = headers_of(arena, at, true);
    if (lb_value_equal(request.headers, headers)) { /* no name twice with two values */
        request.headers = headers;
        MUST(lb_streq(canonical, lb_sigv4_canonical(arena, &params, &request)));
    }
    const char *signature = lb_sigv4_signature(arena, &params,
                                               lb_sigv4_string_to_sign(arena, &params, canonical));
    MUST(strlen(signature) == 64);
    lb_arena_free(arena);
    return 0;
}
