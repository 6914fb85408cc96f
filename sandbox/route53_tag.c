/* route53_tag.c: tags of zones and health checks. A check has no name: its tags are how it is found
 * again. */
#include "sandbox/route53.h"

#include "base/xml.h"

static bool exists(struct sb_call *call, const char *type, const char *id)
{
    bool check = lb_streq(type, "healthcheck");

    if (!check && !lb_streq(type, "hostedzone")) {
        sb_r53_error(call, 400, "InvalidInput", "ResourceType must be healthcheck or hostedzone.");
        return false;
    }
    if (lb_map_get(sb_r53_table(call->sandbox, check ? "checks" : "zones"), id))
        return true;
    sb_r53_error(call, 404, check ? "NoSuchHealthCheck" : "NoSuchHostedZone",
                 "No %s found with ID: %s", type, id);
    return false;
}

static struct lb_value *tag_set(struct sb_call *call, const char *type, const char *id)
{
    struct lb_value *tags = lb_map_get(sb_r53_table(call->sandbox, "tags"),
                                       lb_arena_printf(call->arena, "%s/%s", type, id));
    struct lb_value *set = lb_value_map(call->arena), *list;

    lb_map_set_string(call->arena, set, "ResourceType", type);
    lb_map_set_string(call->arena, set, "ResourceId", id);
    list = lb_map_list(call->arena, lb_map_map(call->arena, set, "Tags"), "Tag");
    for (size_t i = 0; i < lb_value_count(tags); i++) {
        struct lb_value *tag = lb_value_map(call->arena);

        lb_map_set_string(call->arena, tag, "Key", lb_map_nth(tags, i)->key);
        lb_map_set(call->arena, tag, "Value", lb_map_nth(tags, i)->value);
        lb_list_add(call->arena, list, tag);
    }
    return set;
}

void sb_op_change_tags_for_resource(struct sb_call *call)
{
    struct lb_value *sent = lb_map_get(call->body, "ChangeTagsForResourceRequest");
    struct lb_value *add = lb_value_at(sent, "AddTags/Tag");
    struct lb_value *remove = lb_value_at(sent, "RemoveTagKeys/Key"), *tags;

    if (!exists(call, call->args[0], call->args[1]))
        return;
    if (lb_xml_count(add) > 10 || lb_xml_count(remove) > 10) {
        sb_r53_error(call, 400, "InvalidInput", "At most ten tags can be changed at once.");
        return;
    }
    tags = lb_map_map(call->sandbox->arena, sb_r53_table(call->sandbox, "tags"),
                      lb_arena_printf(call->arena, "%s/%s", call->args[0], call->args[1]));
    for (size_t i = 0; i < lb_xml_count(add); i++)
        sb_keep_string(call->sandbox, tags, lb_text_at(lb_xml_item(add, i), "Key", ""),
                       lb_text_at(lb_xml_item(add, i), "Value", ""));
    for (size_t i = 0; i < lb_xml_count(remove); i++)
        lb_map_remove(tags, lb_text(lb_xml_item(remove, i), ""));
    sb_r53_reply(call, 200, "ChangeTagsForResourceResponse", lb_value_map(call->arena));
}

void sb_op_list_tags_for_resource(struct sb_call *call)
{
    struct lb_value *body = lb_value_map(call->arena);

    if (!exists(call, call->args[0], call->args[1]))
        return;
    lb_map_set(call->arena, body, "ResourceTagSet", tag_set(call, call->args[0], call->args[1]));
    sb_r53_reply(call, 200, "ListTagsForResourceResponse", body);
}

/* Reads with POST: at most ten ids. */
void sb_op_list_tags_for_resources(struct sb_call *call)
{
    struct lb_value *ids = lb_value_at(call->body,
                                       "ListTagsForResourcesRequest/ResourceIds/ResourceId");
    struct lb_value *body = lb_value_map(call->arena);
    struct lb_value *list = lb_map_list(
        call->arena, lb_map_map(call->arena, body, "ResourceTagSets"), "ResourceTagSet");

    if (lb_xml_count(ids) < 1 || lb_xml_count(ids) > 10) {
        sb_r53_error(call, 400, "InvalidInput", "Between one and ten ids can be asked for.");
        return;
    }
    for (size_t i = 0; i < lb_xml_count(ids); i++) {
        const char *id = lb_text(lb_xml_item(ids, i), "");

        if (!exists(call, call->args[0], id))
            return;
        lb_list_add(call->arena, list, tag_set(call, call->args[0], id));
    }
    sb_r53_reply(call, 200, "ListTagsForResourcesResponse", body);
}
