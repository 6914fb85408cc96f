/* route53_begin.c: records need a zone, and zones are not made by the tool under test. A fresh
 * account therefore has one for the name that examples use; a test that makes its own takes its
 * place.
 */
#include "sandbox/route53.h"

#define EXAMPLE_ZONE "example.com."
#define EXAMPLE_REFERENCE "lifeboat-sandbox"
#define BORN_WITH 2 /* NS and SOA */

void sb_r53_begin(struct sandbox *sandbox)
{
    struct lb_arena *arena = lb_arena_new();
    struct sb_request request = {.arena = arena, .service = "route53", .region = "us-east-1"};
    struct sb_response response = {.status = 200, .headers = lb_value_map(arena)};
    struct sb_call call = {
        .sandbox = sandbox, .request = &request, .response = &response, .arena = arena};
    call.body = lb_value_map(arena);
    struct lb_value *sent = lb_map_map(arena, call.body, "CreateHostedZoneRequest");
    lb_map_set_string(arena, sent, "Name", EXAMPLE_ZONE);
    lb_map_set_string(arena, sent, "CallerReference", EXAMPLE_REFERENCE);
    sb_r53_create_zone(&call);
    lb_str_release(&response.body);
    lb_arena_free(arena);
}

void sb_r53_drop_example(struct sb_call *call)
{
    struct lb_value *zones = sb_r53_table(call->sandbox, "zones");
    const char *name = sb_dns_name(call->arena,
                                   lb_text_at(call->body, "CreateHostedZoneRequest/Name", ""));
    for (size_t i = 0; i < lb_value_count(zones); i++) {
        const struct lb_entry *zone = lb_map_nth(zones, i);
        if (!lb_streq(lb_text_at(zone->value, "reference", ""), EXAMPLE_REFERENCE) ||
            !lb_streq(lb_text_at(zone->value, "name", ""), name) ||
            lb_value_count(lb_map_get(zone->value, "records")) != BORN_WITH)
            continue;
        lb_map_remove(zones, zone->key);
        return;
    }
}
