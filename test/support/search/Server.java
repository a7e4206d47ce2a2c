import java.util.List;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.node.Node;
import org.opensearch.transport.Netty4Plugin;

/** An OpenSearch, or Elasticsearch, of one node on the loopback, of the jars that are published. Arguments: its folder, the port of HTTP, another port. */
final class Server extends Node {
  private Server(Settings settings) {
    super(new Environment(settings, null), List.of(Netty4Plugin.class, MapperExtrasPlugin.class), false);
  }

  public static void main(String[] arguments) throws Exception {
    Server server = new Server(
        Settings.builder()
            .put("path.home", arguments[0])
            .put("cluster.name", "truant-test")
            .put("node.name", "truant-test")
            .put("discovery.type", "single-node")
            .put("http.type", "netty4")
            .put("http.host", "127.0.0.1")
            .put("http.port", arguments[1])
            .put("transport.type", "netty4")
            .put("transport.host", "127.0.0.1")
            .put("transport.port", arguments[2])
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        server.close();
      } catch (Exception error) {
        error.printStackTrace();
      }
    }));
    server.start();
    Thread.currentThread().join();
  }
}
