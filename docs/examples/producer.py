"""Publishes one click in CloudEvents' binary mode: `python producer.py localhost:9092`."""
import asyncio, json, sys, uuid
from datetime import datetime, timezone
from aiokafka import AIOKafkaProducer

async def main():
    headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/shop/web",
               "ce_type": "com.example.shop.product.clicked.v1",
               "ce_time": datetime.now(timezone.utc).isoformat()}
    click = {"user_id": "u-1", "session_id": "s-1", "product_id": "p-1"}
    async with AIOKafkaProducer(bootstrap_servers=sys.argv[1]) as producer:
        await producer.send_and_wait("shop.clicks.v1", json.dumps(click).encode(), key=b"u-1",
                                     headers=[(k, v.encode()) for k, v in headers.items()])

if len(sys.argv) != 2:
    sys.exit("usage: python producer.py HOST:PORT, for example: python producer.py localhost:9092")
asyncio.run(main())
