"""Prints every recommendation list as it comes: `python subscriber.py localhost:9092`."""
import asyncio, json, sys
from aiokafka import AIOKafkaConsumer

async def main():
    async with AIOKafkaConsumer("personalisation.recommendations.v1", bootstrap_servers=sys.argv[1],
                                auto_offset_reset="earliest") as lists:
        async for record in lists:
            data = json.loads(record.value or "{}")
            print(record.key.decode(), [item["product_id"] for item in data.get("items", [])], flush=True)

if len(sys.argv) != 2:
    sys.exit("usage: python subscriber.py HOST:PORT, for example: python subscriber.py localhost:9092")
asyncio.run(main())
