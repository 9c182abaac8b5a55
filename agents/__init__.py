"""Carries. All input and output: Faust, Kafka, Redis, Prometheus, HTTP, the wall clock. `stream` decides.

    commands/                     one file a command: arguments and exit status
    worker/                       the stream processor: Faust app, assignment, partition processors,
                                  checkpoint, watermarks
    console/  collector/          the page that shows it; `POST /collect`
    bridge/                       topics of other systems, read as events
    sender/                       webhook delivery: once, in order, never after a cancel
    explain/  view/               why somebody got a message, or did not; the materialized view in Redis
    published/                    recipes that come into force while workers run: the topic `recipes`
    replay/  simulator/  demo/    files of events; made-up shoppers; the one-minute demo
    lift/                         what recipes brought
    generate/                     files of this repository that are made from others
    faces/                        the collector as a service: what each SDK and each webhook expects
    connect/                      the sources file, signatures and keyed contacts of connected shops
    kafka/  local/                what every client of the brokers needs; a Kafka and a Redis on this machine
    runtime/  config/             log lines, probes, shutdown; settings

The way of an event, in `worker/`:

    1  kafka/raw_batches.py              a fetch becomes raw record batches
    2  worker/consumer.py                one Faust message a topic and fetch (what was fetched: kafka/paced_fetch.py)
    3  worker/faust_app.py               the agents hand it to the assignment
    4  worker/assignment.py              finds the partition's processor
    5  worker/partition_processor.py     applies it with a stage of `stream/`, and sends what was decided
    6  worker/producer.py                facts, triggers, decisions and rejected records to Kafka
    7  worker/watermarks.py              says how far time is known, so that the next stage can go on
    8  worker/deadlines.py               what is due fires, a few at a time
    9  worker/checkpoint.py              outputs, then state, then the offset become durable
"""
