"""All input and output: Faust, Kafka, Redis, Prometheus, HTTP, the wall clock. `stream` decides.

    commands/                     one file for each command: arguments and exit status
    worker/                       the stream processor: Faust app, assignment, partition processors,
                                  checkpoint, watermarks
    console/  collector/          the page that shows decisions; `POST /collect`
    bridge/                       reads topics of other systems as events
    sender/                       delivers triggers: once, in order, never after a cancel
    erasure/                      erasing a person: its names, the events that erase them, what is left
    explain/  view/               why a person got a message, or did not; the view in Redis
    published/                    recipes that come into force while workers run: the topic `recipes`
    replay/  simulator/  demo/    files of events; simulated shoppers; the demo
    lift/                         what recipes brought
    generate/                     makes files of this repository from others
    faces/                        the collector as a service: what each SDK and each webhook expects
    connect/                      the sources file, signatures and keyed contacts of connected shops
    kafka/  local/                what every Kafka client needs; a Kafka and a Redis on this machine
    runtime/  config/             log lines, probes, shutdown; settings

The way of an event, in `worker/`:

    1  kafka/paced_fetch.py              fetches, as often as the wanted latency needs
    2  kafka/raw_batches.py              a fetch becomes raw record batches
    3  worker/consumer.py                hands what a fetch brought to the assignment
    4  worker/assignment.py              finds the partition's processor
    5  worker/partition_processor.py     applies it with a stage of `stream/`, and sends what was decided
    6  worker/producer.py                facts, triggers, decisions and rejected records to Kafka
    7  worker/watermarks.py              announces how far time is known, so that the next stage can continue
    8  worker/deadlines.py               fires due deadlines, a few at a time
    9  worker/checkpoint.py              outputs, then state, then the offset become durable
"""
