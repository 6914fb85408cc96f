import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * One Elasticsearch node in this process, on loopback, until it is ended.
 *
 * <p>Arguments: the cluster's name, its folder, the folder that repositories may lie in, the port.
 * Its makers publish the server as jars only: there is no home to start, and a node made from
 * settings needs no modules but the one that speaks HTTP.
 */
public class ElasticsearchNode {
    /** The constructor that takes plugins by class is open to subclasses only. */
    private static class Embedded extends Node {
        Embedded(Environment environment) {
            super(environment, List.of(Netty4Plugin.class), false);
        }
    }

    private static Settings settings(String name, Path folder, String repositories, String port) {
        return Settings.builder()
                .put("cluster.name", name)
                .put("node.name", name)
                .put("path.home", folder.toString())
                .put("path.data", folder.resolve("data").toString())
                .put("path.repo", repositories)
                .put("network.host", "127.0.0.1")
                .put("http.port", port)
                .put("transport.port", "0")
                .put("http.type", "netty4")
                .put("transport.type", "netty4")
                .put("discovery.type", "single-node")
                .put("cluster.routing.allocation.disk.threshold_enabled", false)
                .build();
    }

    public static void main(String[] words) throws Exception {
        Path folder = Path.of(words[1]);
        Environment environment =
                InternalSettingsPreparer.prepareEnvironment(
                        settings(words[0], folder, words[2], words[3]),
                        Map.of(),
                        folder.resolve("config"),
                        () -> words[0]);
        Node node = new Embedded(environment);
        node.start();
        new CountDownLatch(1).await();
    }
}
