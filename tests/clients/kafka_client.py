"""An agency's or a provider's Kafka client that shares no code with ours: confluent-kafka and the CloudEvents SDK.

  kafka_client.py read SERVERS TOPIC                       every record, a JSON object a line
  kafka_client.py write SERVERS TOPIC MILLIS KEY=BASE64…   records of that instant; prints the partition of each
"""
import base64
import json
import sys

from cloudevents.kafka import KafkaMessage, from_binary
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

PATIENCE = 30


def read(servers, topic):
    consumer = Consumer({'bootstrap.servers': servers, 'group.id': 'reader', 'enable.auto.commit': False})
    parts = consumer.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
    ends = {part: consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=PATIENCE)[1] for part in parts}
    consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in parts])
    left = {part for part, end in ends.items() if end > 0}
    while left:
        message = consumer.poll(PATIENCE)
        if message is None or message.error():
            raise SystemExit(f'no record: {message and message.error()}')
        if message.offset() + 1 >= ends[message.partition()]:
            left.discard(message.partition())
        wire = KafkaMessage(headers=dict(message.headers()), key=message.key(), value=message.value())
        event = from_binary(wire, data_unmarshaller=lambda value: value)
        print(json.dumps({'partition': message.partition(), 'key': message.key().decode(),
                          'attributes': {**event.get_attributes()},
                          'data': base64.b64encode(event.get_data()).decode()}, default=bytes.decode))
    consumer.close()


def write(servers, topic, millis, *records):
    # As the Java client chooses partitions.
    producer = Producer({'bootstrap.servers': servers, 'partitioner': 'murmur2_random', 'acks': 'all'})

    def tell(error, message):
        if error:
            raise SystemExit(f'not written: {error}')
        print(message.partition())

    for record in records:
        key, value = record.split('=', 1)
        producer.produce(topic, key=key, value=base64.b64decode(value), timestamp=int(millis), on_delivery=tell)
        producer.flush(PATIENCE)


if __name__ == '__main__':
    {'read': read, 'write': write}[sys.argv[1]](*sys.argv[2:])
