package shop;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Publishes a click of a user and prints the list that it causes: BROKER USER PRODUCT [PREFIX]. */
public final class ClickAndFollow {
  private static final Duration WAIT = Duration.ofSeconds(120);

  public static void main(String[] args) throws Exception {
    if (args.length < 3) {
      System.err.println("usage: ClickAndFollow HOST:PORT USER PRODUCT [TOPIC_PREFIX]");
      System.exit(2);
    }
    String broker = args[0], user = args[1], product = args[2], prefix = args.length > 3 ? args[3] : "";
    try (var lists = follow(broker, prefix + "personalisation.recommendations.v1")) {
      String id = click(broker, prefix + "shop.clicks.v1", user, product);
      Instant until = Instant.now().plus(WAIT);
      while (Instant.now().isBefore(until)) {
        for (ConsumerRecord<String, String> list : lists.poll(Duration.ofMillis(200))) {
          if (id.equals(header(list, "ce_causationid"))) {
            System.out.println(list.key() + " " + list.value());
            return;
          }
        }
      }
    }
    System.err.println("no list within " + WAIT);
    System.exit(1);
  }

  /** A click in CloudEvents' binary mode, keyed by the user; its id. Returns once it is confirmed. */
  private static String click(String broker, String topic, String user, String product) throws Exception {
    String id = UUID.randomUUID().toString();
    String value = "{\"user_id\":" + quoted(user) + ",\"product_id\":" + quoted(product) + "}";
    var click = new ProducerRecord<String, String>(topic, user, value);
    Map.of(
            "ce_specversion", "1.0",
            "ce_id", id,
            "ce_source", "/shop/java",
            "ce_type", "com.example.shop.product.clicked.v1",
            "ce_time", Instant.now().toString())
        .forEach((name, text) -> click.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
    Map<String, Object> options = Map.of("bootstrap.servers", broker, "acks", "all");
    try (var producer = new KafkaProducer<>(options, new StringSerializer(), new StringSerializer())) {
      producer.send(click).get();
    }
    return id;
  }

  /** Reads every partition from its end, in no group: each program sees all lists. */
  private static KafkaConsumer<String, String> follow(String broker, String topic) {
    Map<String, Object> options = Map.of("bootstrap.servers", broker, "isolation.level", "read_committed");
    var consumer = new KafkaConsumer<>(options, new StringDeserializer(), new StringDeserializer());
    List<TopicPartition> partitions =
        consumer.partitionsFor(topic).stream().map(each -> new TopicPartition(topic, each.partition())).toList();
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position); // now, not at the first poll: the click comes after
    return consumer;
  }

  private static String header(ConsumerRecord<String, String> record, String name) {
    var found = record.headers().lastHeader(name);
    return found == null ? null : new String(found.value(), StandardCharsets.UTF_8);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
