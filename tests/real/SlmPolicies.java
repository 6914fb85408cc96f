import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.admin.cluster.snapshots.create.CreateSnapshotRequest;
import org.elasticsearch.common.Strings;
import org.elasticsearch.common.xcontent.DeprecationHandler;
import org.elasticsearch.common.xcontent.NamedXContentRegistry;
import org.elasticsearch.common.xcontent.XContentBuilder;
import org.elasticsearch.common.xcontent.XContentParser;
import org.elasticsearch.common.xcontent.json.JsonXContent;
import org.elasticsearch.xpack.core.slm.SnapshotLifecyclePolicy;

/**
 * Reads policies of snapshot lifecycle management as Elasticsearch does.
 *
 * <p>Input: a line for each, its id, a tab and its JSON. Output: a line of JSON for each, with what
 * was understood (policy), when it runs next (next), the snapshot that it would ask for (request) and
 * why it is refused (refused; nothing else then).
 */
public class SlmPolicies {
    private static String judged(String id, String json) throws Exception {
        SnapshotLifecyclePolicy policy;
        try (XContentParser parser =
                JsonXContent.jsonXContent.createParser(
                        NamedXContentRegistry.EMPTY,
                        DeprecationHandler.THROW_UNSUPPORTED_OPERATION,
                        json)) {
            policy = SnapshotLifecyclePolicy.parse(parser, id);
        }
        ActionRequestValidationException faults = policy.validate();
        if (faults != null) {
            throw faults;
        }
        CreateSnapshotRequest request = policy.toRequest();
        if (request.validate() != null) {
            throw request.validate();
        }
        XContentBuilder out = JsonXContent.contentBuilder().startObject();
        out.field("policy", policy);
        out.field("next", policy.calculateNextExecution());
        out.startObject("request");
        out.field("snapshot", request.snapshot());
        out.field("indices", request.indices());
        out.field("ignore_unavailable", request.indicesOptions().ignoreUnavailable());
        out.field("include_global_state", request.includeGlobalState());
        out.field("partial", request.partial());
        out.field("metadata", request.userMetadata());
        return Strings.toString(out.endObject().endObject());
    }

    private static String refused(Throwable reason) throws Exception {
        StringBuilder text = new StringBuilder();
        for (Throwable one = reason; one != null; one = one.getCause()) {
            text.append(text.length() > 0 ? ": " : "").append(one.getMessage());
        }
        return Strings.toString(
                JsonXContent.contentBuilder()
                        .startObject()
                        .field("refused", text.toString())
                        .endObject());
    }

    public static void main(String[] words) throws Exception {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t", 2);
            String out;
            try {
                out = judged(parts[0], parts[1]);
            } catch (Exception reason) {
                out = refused(reason);
            }
            System.out.println(out);
        }
    }
}
