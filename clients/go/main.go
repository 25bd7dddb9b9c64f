// Publishes a click of a user and prints the list that it causes: go run . BROKER USER PRODUCT [PREFIX].
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const wait = 120 * time.Second

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: shop HOST:PORT USER PRODUCT [TOPIC_PREFIX]")
		os.Exit(2)
	}
	prefix := ""
	if len(os.Args) > 4 {
		prefix = os.Args[4]
	}
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	if err := run(ctx, os.Args[1], os.Args[2], os.Args[3], prefix); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, broker, user, product, prefix string) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker),
		kgo.ConsumeTopics(prefix+"personalisation.recommendations.v1"),
		// In no group: each program sees all lists. From a little before now, since a reader that asks
		// for the end may learn of it after the click.
		kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(time.Now().Add(-time.Minute).UnixMilli())),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	id, err := click(ctx, client, prefix+"shop.clicks.v1", user, product)
	if err != nil {
		return err
	}
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return fmt.Errorf("no list came: %w", err)
		}
		for _, list := range fetches.Records() {
			if header(list, "ce_causationid") == id {
				fmt.Printf("%s %s\n", list.Key, list.Value)
				return nil
			}
		}
	}
}

// click publishes in CloudEvents' binary mode, keyed by the user, and returns the event's id once it
// is confirmed.
func click(ctx context.Context, client *kgo.Client, topic, user, product string) (string, error) {
	value, err := json.Marshal(map[string]string{"user_id": user, "product_id": product})
	if err != nil {
		return "", err
	}
	id := rand.Text()
	record := &kgo.Record{Topic: topic, Key: []byte(user), Value: value}
	for name, text := range map[string]string{
		"ce_specversion": "1.0",
		"ce_id":          id,
		"ce_source":      "/shop/go",
		"ce_type":        "com.example.shop.product.clicked.v1",
		"ce_time":        time.Now().UTC().Format(time.RFC3339Nano),
	} {
		record.Headers = append(record.Headers, kgo.RecordHeader{Key: name, Value: []byte(text)})
	}
	return id, client.ProduceSync(ctx, record).FirstErr()
}

func header(record *kgo.Record, name string) string {
	for _, each := range record.Headers {
		if each.Key == name {
			return string(each.Value)
		}
	}
	return ""
}
