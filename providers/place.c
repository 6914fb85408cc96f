/* place.c: where an object's control plane is, and whether anything may be asked there.
 *
 * IAM and Route 53 are global, but their control planes run in one region of the partition
 * (us-east-1): while it is down what they were told goes on working, and nothing of it can be read
 * or changed. So their objects lie in that region, like a bucket lies in its own.
 * https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html
 */
#include "providers/provider.h"

#include "transport/endpoint.h"

const char *lb_resource_home(const struct lb_resource *resource)
{
    if (resource->kind->sides != LB_SIDES_GLOBAL)
        return resource->region;
    if (!resource->provider->global)
        LB_BUG("%s is global, and its provider does not say by which service",
               resource->kind->name);
    return lb_service_home(resource->provider->global, resource->region);
}

const char *lb_provider_home(const struct lb_provider *provider, const char *region)
{
    return provider->global ? lb_service_home(provider->global, region) : NULL;
}

bool lb_region_assumed_down(const struct lb_stack *stack, const char *region)
{
    return lb_list_has(stack->assumed_down, region);
}
