/* test_creds.c: the AWS files and the credential chain: what is read, what is refused with its
 * line, and that no message quotes what may be a secret.
 */
#include "base/str.h"
#include "transport/creds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- the parser ------------------------------------------------------------------------------- */
static const struct {
    const char *name, *text, *path, *value;
} good[] = {
    {"plain", "[a]\nk = v\n", "a/k", "v"},
    {"no spaces", "[a]\nk=v", "a/k", "v"},
    {"CRLF and BOM", "\xef\xbb\xbf[a]\r\nk = v\r\n", "a/k", "v"},
    {"comments", "# x\n; y\n[a] # z\n# k = no\nk = v\n", "a/k", "v"},
    {"comment after a value", "[a]\nk = v # note\n", "a/k", "v"},
    {"hash inside a value", "[a]\nk = v#1;2\n", "a/k", "v#1;2"},
    {"equals in a value", "[a]\nk = a=b==\n", "a/k", "a=b=="},
    {"upper-case key", "[a]\nKEY = V\n", "a/key", "V"},
    {"empty value", "[a]\nk =\n", "a/k", ""},
    {"section twice is merged", "[a]\nk = 1\n[b]\nk = 2\n[a]\nl = 3\n", "a/l", "3"},
    {"spaces in a section", "[ profile \t x ]\nk = v\n", "profile x/k", "v"},
    {"nested", "[services s]\ns3 =\n  endpoint_url = http://h\n  x = y\n", "services s/s3/x", "y"},
    {"nested then plain", "[s]\ns3 =\n  a = b\nk = v\n", "s/k", "v"},
    {"continuation", "[a]\nk = one\n  two\n", "a/k", "one\ntwo"},
    {"indented header line", "  [a]\nk = v\n", "a/k", "v"},
    {"unicode value", "[a]\nk = \xc3\xa4\n", "a/k", "\xc3\xa4"},
};

static const struct {
    const char *name, *text, *message;
    size_t length; /* 0: strlen */
} bad[] = {
    {"no section", "k = v\n", "f:1: a line before", 0},
    {"unclosed section", "[a\nk = v\n", "f:1: the section header has no", 0},
    {"empty section", "[ ]\nk = v\n", "f:1: the section has no name", 0},
    {"text after section", "[a] b\n", "f:1: text after", 0},
    {"no equals", "[a]\n\nsecret-without-equals\n", "f:3: neither", 0},
    {"no key", "[a]\n= v\n", "f:2: no key", 0},
    {"key twice", "[a]\nk = 1\nk = 2\n", "f:3: the key was set before", 0},
    {"key twice over two blocks", "[a]\nk = 1\n[a]\nk = 2\n", "f:4: the key was set before", 0},
    {"nested key twice", "[a]\ns3 =\n  k = 1\n  k = 2\n", "f:4: the key was set before", 0},
    {"indented without key", "[a]\n  k = v\n", "f:2: an indented line", 0},
    {"NUL", "[a]\nk = v\0w\n", "f:2: the line holds a control", 12},
    {"escape", "[a]\nk = \x1b[31m\n", "f:2: the line holds a control", 0},
    {"lone CR", "[a]\nk = a\rb\n", "f:2: the line holds a control", 0},
};

static struct lb_value *parse(struct lb_arena *arena, struct lb_diags *diags, const char *text,
                              size_t length)
{
    struct lb_source *source = lb_arena_alloc(arena, sizeof *source);
    *source = (struct lb_source){"f", text, length ? length : strlen(text)};
    lb_diags_init(diags, arena);
    return lb_ini_parse(arena, source, diags);
}

static void test_ini_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_value *root = parse(arena, &diags, good[i].text, 0);
        const char *got = lb_text(root ? lb_value_at(root, good[i].path) : NULL, "(absent)");
        if (diags.errors || !lb_streq(got, good[i].value))
            fail_msg("%s: %s is \"%s\"", good[i].name, good[i].path, got);
        lb_arena_free(arena);
    }
}

static void test_ini_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct lb_arena *arena = lb_arena_new();
        struct lb_diags diags;
        struct lb_value *root = parse(arena, &diags, bad[i].text, bad[i].length);
        const char *detail = diags.count ? diags.items[0].detail : "(none)";
        if (root || !lb_starts_with(detail, bad[i].message))
            fail_msg("%s: %s", bad[i].name, detail);
        assert_null(strstr(detail, "secret-without-equals"));
        assert_int_equal(diags.items[0].mark.line, 0);
        lb_arena_free(arena);
    }
}

static void test_ini_caps(void **state)
{
    (void)state;
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    size_t size = (2 << 20);
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, 'x', size);
    assert_null(parse(arena, &diags, text, size));
    memcpy(text, "[a]\nk=", 6);
    assert_null(parse(arena, &diags, text, 20000));
    assert_int_equal(diags.errors, 1);
    for (size_t i = 0; i < size; i += 2)
        memcpy(text + i, "x\n", 2);
    assert_null(parse(arena, &diags, text, 100000));
    assert_int_equal(diags.errors, 20);
    free(text);
    lb_arena_free(arena);
}

/* --- the chain -------------------------------------------------------------------------------- */
static char directory[64], config_path[96], shared_path[96];

static void write_file(const char *path, const char *text)
{
    unlink(path);
    FILE *file = text ? fopen(path, "w") : NULL;
    if (file) {
        fputs(text, file);
        fclose(file);
    }
}

/* Environment as "NAME=value" items after a clean start. */
static void prepare(const char *config, const char *shared, const char *const *environment)
{
    static const char *const names[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN",
                                        "AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_MAX_ATTEMPTS",
                                        "AWS_RETRY_MODE",
                                        "AWS_CA_BUNDLE",
                                        "AWS_WEB_IDENTITY_TOKEN_FILE",
                                        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                        "AWS_CREDENTIAL_EXPIRATION"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
    for (; environment && *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        char name[64] = {0};
        memcpy(name, *environment, (size_t)(equals - *environment));
        setenv(name, equals + 1, 1);
    }
    write_file(config_path, config);
    write_file(shared_path, shared);
    setenv("AWS_CONFIG_FILE", config_path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", shared_path, 1);
}

struct chain_case {
    const char *name, *config, *shared;
    const char *environment[4];
    const char *access, *token; /* expected; access NULL: an error */
    const char *message;        /* part of the error's code and detail, or of the source */
};

#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = s3cr3t-" id "\n"

static const struct chain_case chain[] = {
    {"environment first",
     "[default]\n" KEYS("C"),
     "[default]\n" KEYS("S"),
     {"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=x", "AWS_SESSION_TOKEN=t"},
     "E",
     "t",
     "environment"},
    {"old token name",
     NULL,
     NULL,
     {"AWS_ACCESS_KEY_ID=E", "AWS_SECRET_ACCESS_KEY=x", "AWS_SECURITY_TOKEN=old"},
     "E",
     "old",
     "environment"},
    {"shared before config",
     "[default]\n" KEYS("C"),
     "[default]\n" KEYS("S"),
     {NULL},
     "S",
     "",
     "profile \"default\" of"},
    {"config last", "[default]\n" KEYS("C"), NULL, {NULL}, "C", "", "config"},
    {"named profile",
     NULL,
     "[default]\n" KEYS("D") "[p]\n" KEYS("P") "aws_session_token = tt\n",
     {"AWS_PROFILE=p"},
     "P",
     "tt",
     "profile \"p\""},
    {"named profile in config", "[profile p]\n" KEYS("P"), NULL, {"AWS_PROFILE=p"}, "P", "", ""},
    {"config needs the word profile",
     "[p]\n" KEYS("P"),
     NULL,
     {"AWS_PROFILE=p"},
     NULL,
     NULL,
     "LB-A003"},
    {"default by both names",
     "[profile default]\n" KEYS("A") "[default]\n" KEYS("B"),
     NULL,
     {NULL},
     "A",
     "",
     ""},
    {"unknown profile",
     NULL,
     "[prod]\n" KEYS("P"),
     {"AWS_PROFILE=prd"},
     NULL,
     NULL,
     "LB-A003 profile \"prd\""},
    {"suggestion",
     NULL,
     "[prod-west]\n" KEYS("P"),
     {"AWS_PROFILE=prod-wets"},
     NULL,
     NULL,
     "did you mean \"prod-west\"?"},
    {"nothing", NULL, NULL, {NULL}, NULL, NULL, "LB-A001 environment: AWS_ACCESS_KEY_ID"},
    {"half a pair",
     NULL,
     NULL,
     {"AWS_ACCESS_KEY_ID=E"},
     NULL,
     NULL,
     "LB-A009 the environment has no secret access key"},
    {"half a pair in a file",
     NULL,
     "[default]\naws_access_key_id = A\n",
     {NULL},
     NULL,
     NULL,
     "has no secret access key"},
    {"line break in a key",
     NULL,
     NULL,
     {"AWS_ACCESS_KEY_ID=E\nX: y", "AWS_SECRET_ACCESS_KEY=x"},
     NULL,
     NULL,
     "LB-A009"},
    {"broken file", "[default\n", NULL, {NULL}, NULL, NULL, "LB-A002"},
    {"a role is not replaced by bare keys",
     "[default]\nrole_arn = r\n" KEYS("C"),
     NULL,
     {NULL},
     NULL,
     NULL,
     "asks for role_arn, which is not read"},
    {"unread source is named",
     NULL,
     NULL,
     {"AWS_WEB_IDENTITY_TOKEN_FILE=/t"},
     NULL,
     NULL,
     "AWS_WEB_IDENTITY_TOKEN_FILE is set, but is not read"},
    {"bad attempts", NULL, NULL, {"AWS_MAX_ATTEMPTS=0"}, NULL, NULL, "LB-A004"},
    {"bad attempts in the profile",
     "[default]\nmax_attempts = many\n",
     NULL,
     {NULL},
     NULL,
     NULL,
     "LB-A004"},
    {"bad mode", NULL, NULL, {"AWS_RETRY_MODE=fast"}, NULL, NULL, "LB-A004"},
};

static void check_chain(const struct chain_case *row)
{
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_aws_config config;
    struct lb_creds creds = {.source = ""};
    lb_diags_init(&diags, arena);
    prepare(row->config, row->shared, row->environment);
    int status = lb_aws_config_load(arena, &diags, &config);
    if (status == 0)
        status = lb_creds_resolve(arena, &config, &diags, &creds);
    const char *said = creds.source ? creds.source : "";
    if (diags.count)
        said = lb_arena_printf(arena, "%s %s", diags.items[0].code, diags.items[0].detail);
    if ((status == 0) != (row->access != NULL) || !strstr(said, row->message))
        fail_msg("%s: %d, %s", row->name, status, said);
    if (row->access) {
        assert_string_equal(creds.access_key, row->access);
        assert_string_equal(creds.session_token, row->token);
    }
    assert_null(strstr(said, "s3cr3t"));
    lb_creds_wipe(&creds);
    assert_string_equal(creds.secret_key, "");
    lb_arena_free(arena);
}

static void test_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(chain); i++)
        check_chain(&chain[i]);
}

static void test_settings(void **state)
{
    (void)state;
    static const char config_text[] =
        "[default]\nmax_attempts = 7\nca_bundle = /ca\nservices = s\n" KEYS(
            "C") "ignore_configured_endpoint_urls = True\n[services s]\ns3 =\n  endpoint_url = "
                 "https://x\n";
    struct lb_arena *arena = lb_arena_new();
    struct lb_diags diags;
    struct lb_aws_config config;
    lb_diags_init(&diags, arena);
    prepare(config_text, NULL, NULL);
    assert_int_equal(lb_aws_config_load(arena, &diags, &config), 0);
    assert_string_equal(config.profile, "default");
    assert_int_equal(config.max_attempts, 7);
    assert_string_equal(config.ca_bundle, "/ca");
    assert_true(config.ignore_configured_endpoints);
    assert_string_equal(lb_text_at(config.services, "s3/endpoint_url", ""), "https://x");
    /* The key pair of the file is in no value that outlives the reading. */
    assert_null(lb_map_get(config.profile_values, "aws_secret_access_key"));
    assert_null(lb_map_get(config.profile_values, "aws_access_key_id"));
    static const char *const environment[] = {"AWS_MAX_ATTEMPTS=2", "AWS_CA_BUNDLE=/env", NULL};
    prepare(config_text, NULL, environment);
    assert_int_equal(lb_aws_config_load(arena, &diags, &config), 0);
    assert_int_equal(config.max_attempts, 2);
    assert_string_equal(config.ca_bundle, "/env");
    lb_arena_free(arena);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/lifeboat-creds-XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(config_path, sizeof config_path, "%s/config", directory);
    snprintf(shared_path, sizeof shared_path, "%s/credentials", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(config_path);
    unlink(shared_path);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ini_reads), cmocka_unit_test(test_ini_refuses),
        cmocka_unit_test(test_ini_caps),  cmocka_unit_test(test_chain),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
