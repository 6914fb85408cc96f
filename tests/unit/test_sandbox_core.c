/* test_sandbox_core.c: the sandbox without a socket: faults, forms, hostile credentials, the clock,
 * and a state that survives compaction and a restart.
 */
#include "sandbox/internal.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct box {
    struct sandbox sandbox;
    struct lb_arena *arena;
};

static void box_open(struct box *box, const char *folder)
{
    memset(box, 0, sizeof *box);
    box->arena = lb_arena_new();
    box->sandbox.account = "111122223333";
    box->sandbox.speed = 1;
    box->sandbox.state_dir = folder;
    box->sandbox.clusters = lb_value_map(box->arena);
    assert_int_equal(sb_open(&box->sandbox, NULL), 0);
}

static void box_close(struct box *box)
{
    sb_close(&box->sandbox);
    lb_arena_free(box->arena);
}

/* Answers with the status; 0 when the connection would be closed. */
static int serve(struct box *box, const char *method, const char *path, const char *authorization,
                 const char *body)
{
    struct sb_exchange exchange = {.loopback = true};
    struct lb_value *headers = lb_value_map(box->arena);
    lb_map_set_string(box->arena, headers, "host", "127.0.0.1:1");
    lb_map_set_string(box->arena, headers, "authorization", authorization);
    exchange.request.arena = box->arena;
    exchange.request.method = method;
    exchange.request.path = path;
    exchange.request.raw_query = "";
    exchange.request.headers = headers;
    exchange.request.host = "127.0.0.1:1";
    exchange.request.body = body;
    exchange.request.body_length = strlen(body);
    sb_serve(&box->sandbox, &exchange);
    lb_str_release(&exchange.response.body);
    return exchange.send == SB_SEND ? exchange.response.status : 0;
}

/* A bucket that is there without a signed request. */
static void add_bucket(struct box *box, const char *name, const char *versioning)
{
    struct lb_arena *keep = box->sandbox.arena;
    struct lb_value *buckets = lb_map_map(keep, sb_state(&box->sandbox, "s3"), "buckets");
    struct lb_value *bucket = lb_map_map(keep, buckets, name);
    struct lb_value *config = lb_map_map(keep, bucket, "config");
    lb_map_set_string(keep, bucket, "region", "us-east-1");
    lb_map_set_string(keep, lb_map_map(keep, config, "versioning"), "Status", versioning);
}

static void globs(void **state)
{
    (void)state;
    assert_true(sb_glob("*", ""));
    assert_true(sb_glob("PutBucket*", "PutBucketVersioning"));
    assert_true(sb_glob("*a*b*c", "xxaxbxxbxc"));
    assert_true(sb_glob("us-?ast-1", "us-east-1"));
    assert_false(sb_glob("Put*", "GetPut"));
    assert_false(sb_glob("a*b", "abc"));
    assert_false(sb_glob("", "x"));
}

static void hostile_credentials_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 Credential=////, SignedHeaders=host, Signature=x",
        "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/s3/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/1/us-east-1/s3/aws4_request, SignedHeaders=host, "
        "Signature=x",
        "AWS4-HMAC-SHA256 Credential=" SB_ACCESS_KEY "/20261121/us-east-1/s3/aws4_request, "
        "SignedHeaders=;;;, Signature=",
        "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/none/aws4_request, SignedHeaders=host, "
        "Signature=x",
        "Basic",
        "Basic !!!!",
        "Basic Zm9v",
        "Bearer x",
    };
    struct box box;
    box_open(&box, NULL);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        int status = serve(&box, "GET", "/bucket/key", headers[i], "");
        assert_in_range(status, 400, 404);
    }
    box_close(&box);
}

static int64_t shot(struct box *box, const char *service, const char *operation)
{
    struct sb_request request = {.service = service, .operation = operation, .region = "r"};
    return sb_fault_take(&box->sandbox, &request) != NULL;
}

static void faults_count(void **state)
{
    (void)state;
    struct box box;
    box_open(&box, NULL);
    assert_int_equal(serve(&box, "POST", "/_sandbox/faults", NULL,
                           "[{\"service\":\"s3\",\"operation\":\"Put*\",\"nth\":2,\"count\":2,"
                           "\"do\":\"503\"}]"),
                     200);
    assert_int_equal(shot(&box, "s3", "PutObject"), 0);
    assert_int_equal(shot(&box, "s3", "GetObject"), 0);
    assert_int_equal(shot(&box, "s3", "PutObject"), 1);
    assert_int_equal(shot(&box, "iam", "PutRolePolicy"), 0);
    assert_int_equal(shot(&box, "s3", "PutBucketPolicy"), 1);
    assert_int_equal(shot(&box, "s3", "PutObject"), 0);
    assert_int_equal(serve(&box, "POST", "/_sandbox/faults", NULL, "{\"do\":\"deny\"}"), 200);
    assert_int_equal(shot(&box, "s3", "PutObject"), 1);
    assert_int_equal(shot(&box, "s3", "PutObject"), 1);
    assert_int_equal(serve(&box, "DELETE", "/_sandbox/faults", NULL, ""), 204);
    assert_int_equal(shot(&box, "s3", "PutObject"), 0);
    static const char *const wrong[] = {"[{\"do\":\"200\"}]",
                                        "[{\"do\":\"delay:x\"}]",
                                        "[{}]",
                                        "[{\"op\":\"x\",\"do\":\"503\"}]",
                                        "7",
                                        "nonsense"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(serve(&box, "POST", "/_sandbox/faults", NULL, wrong[i]), 400);
    box_close(&box);
}

static void forms_become_trees(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct sb_request request = {.arena = arena};
    request.body = "Action=TagRole&Tags.member.2.Key=b&Tags.member.1.Key=a%20c&"
                   "Tags.member.1.Value=x+y&Keys.member.1=k&Empty=&=x&&A.B.C=d&Tags.=z";
    request.body_length = strlen(request.body);
    struct lb_value *form = sb_form(&request);
    assert_string_equal(lb_text_at(form, "Action", ""), "TagRole");
    assert_string_equal(lb_text_at(form, "Keys/0", ""), "k");
    assert_string_equal(lb_text_at(form, "Empty", "?"), "");
    assert_string_equal(lb_text_at(form, "A/B/C", ""), "d");
    lb_arena_free(arena);
}

static void list_members_keep_their_order(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct sb_request request = {.arena = arena};
    request.body = "L.member.2=b&L.member.1=a&L.member.3=c";
    request.body_length = strlen(request.body);
    struct lb_value *form = sb_form(&request);
    assert_int_equal(lb_value_count(lb_map_get(form, "L")), 3);
    assert_string_equal(lb_text_at(form, "L/0", ""), "a");
    assert_string_equal(lb_text_at(form, "L/2", ""), "c");
    lb_arena_free(arena);
}

static void keys_fold_and_unfold(void **state)
{
    (void)state;
    static const char *const keys[] = {"Twin", "twin", "^twin", "^^T^", "", "\xc3\x9c", "a/B c"};
    struct lb_arena *arena = lb_arena_new();
    struct lb_value *map = lb_value_map(arena);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        lb_map_set_int(arena, map, keys[i], (int64_t)i);
    struct lb_value *folded = sb_keys_fold(arena, map);
    assert_int_equal(lb_value_count(folded), sizeof keys / sizeof *keys);
    for (size_t i = 0; i < lb_value_count(folded); i++)
        for (const char *p = lb_map_nth(folded, i)->key; *p; p++)
            assert_false(*p >= 'A' && *p <= 'Z');
    assert_true(lb_value_equal(sb_keys_unfold(arena, folded), map));
    lb_arena_free(arena);
}

static void time_passes_in_small_steps(void **state)
{
    (void)state;
    struct box box;
    box_open(&box, NULL);
    int64_t before = sb_now(&box.sandbox);
    assert_int_equal(serve(&box, "POST", "/_sandbox/clock", NULL, "{\"advance\":\"8d\"}"), 200);
    assert_in_range(sb_now(&box.sandbox) - before, 8 * 86400, 8 * 86400 + 5);
    assert_int_equal(serve(&box, "POST", "/_sandbox/clock", NULL, "{\"advance\":\"soon\"}"), 400);
    box_close(&box);
}

static void control_is_for_loopback(void **state)
{
    (void)state;
    struct box box;
    box_open(&box, NULL);
    struct sb_exchange exchange = {.loopback = false};
    exchange.request.arena = box.arena;
    exchange.request.method = "GET";
    exchange.request.path = "/_sandbox/state";
    exchange.request.raw_query = "";
    exchange.request.host = "";
    exchange.request.headers = lb_value_map(box.arena);
    sb_serve(&box.sandbox, &exchange);
    assert_int_equal(exchange.response.status, 403);
    lb_str_release(&exchange.response.body);
    box_close(&box);
}

static void ids_repeat_between_runs(void **state)
{
    (void)state;
    struct box one, two;
    box_open(&one, NULL);
    box_open(&two, NULL);
    char *a = sb_id(&one.sandbox, one.arena, "0123456789abcdef", 100);
    char *b = sb_id(&two.sandbox, two.arena, "0123456789abcdef", 100);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 100);
    assert_string_not_equal(a, sb_id(&one.sandbox, one.arena, "0123456789abcdef", 100));
    box_close(&one);
    box_close(&two);
}

static void state_survives_compaction(void **state)
{
    (void)state;
    struct box box;
    char key[32];
    size_t length;
    box_open(&box, NULL);
    add_bucket(&box, "b", "Enabled");
    for (int i = 0; i < 25000; i++) {
        snprintf(key, sizeof key, "k%d", i % 50);
        assert_int_equal(sb_s3_write(&box.sandbox, "b", key, key, strlen(key)), 0);
        if (i % 1000 == 0) {
            sb_compact(&box.sandbox);
        }
    }
    const char *bytes = sb_s3_object(&box.sandbox, "b", "k49", &length);
    assert_int_equal(length, 3);
    assert_memory_equal(bytes, "k49", 3);
    assert_int_equal(lb_value_count(sb_s3_keys(&box.sandbox, box.arena, "b", "k")), 50);
    assert_int_equal(sb_s3_remove(&box.sandbox, "b", "k49"), 0);
    assert_null(sb_s3_object(&box.sandbox, "b", "k49", &length));
    assert_int_equal(sb_s3_write(&box.sandbox, "none", "k", "x", 1), -1);
    box_close(&box);
}

/* The folder of a state: files, and one folder of blobs. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[512];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink(name) != 0)
            remove_folder(name);
    }
    closedir(folder);
    assert_int_equal(rmdir(path), 0);
}

static void state_survives_a_restart(void **state)
{
    (void)state;
    char folder[] = "/tmp/lifeboat-sandbox-XXXXXX";
    struct box box;
    size_t length = 0;
    assert_non_null(mkdtemp(folder));
    box_open(&box, folder);
    add_bucket(&box, "b", NULL);
    sb_s3_write(&box.sandbox, "b", "Key", "a\0b", 3);
    sb_s3_write(&box.sandbox, "b", "key", "other", 5);
    int64_t before = sb_now(&box.sandbox);
    sb_clock_advance(&box.sandbox, 86400);
    box_close(&box);

    box_open(&box, folder);
    assert_true(sb_now(&box.sandbox) >= before + 86400);
    assert_memory_equal(sb_s3_object(&box.sandbox, "b", "Key", &length), "a\0b", 3);
    assert_int_equal(length, 3);
    sb_s3_remove(&box.sandbox, "b", "Key");
    box_close(&box);

    box_open(&box, folder);
    assert_null(sb_s3_object(&box.sandbox, "b", "Key", &length));
    assert_memory_equal(sb_s3_object(&box.sandbox, "b", "key", &length), "other", 5);
    box_close(&box);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs),
        cmocka_unit_test(hostile_credentials_are_refused),
        cmocka_unit_test(faults_count),
        cmocka_unit_test(forms_become_trees),
        cmocka_unit_test(list_members_keep_their_order),
        cmocka_unit_test(keys_fold_and_unfold),
        cmocka_unit_test(time_passes_in_small_steps),
        cmocka_unit_test(control_is_for_loopback),
        cmocka_unit_test(ids_repeat_between_runs),
        cmocka_unit_test(state_survives_compaction),
        cmocka_unit_test(state_survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
