"""All input and output: Faust, Kafka, Redis, Prometheus, HTTP, the wall clock. `stream` decides.

    commands/                     one file for each command: arguments and exit status
    worker/                       the stream processor: Faust app, assignment, partition processors,
                                  checkpoint, watermarks
    console/  collector/          the page that shows decisions; `POST /collect`
    faces/    connect/            the collector as a service, for each SDK and webhook; its sources file
    bridge/                       turns topics of other systems into events
    sender/                       delivers triggers: once, in order, never after a cancel
    erasure/  eraser/             erases a person, and finds its remaining data; follows erasures
    explain/  view/               why a person got a message, or did not; the view in Redis
    published/                    documents of recipes in the topic `recipes`
    compare/  lift/               compares two recipes files; measures the effect of recipes
    replay/   simulator/  demo/   files of events; simulated shoppers; the demo
    generate/                     generates files of this repository from others
    kafka/    local/              clients of Kafka; a Kafka and a Redis on this machine
    runtime/  config/             log lines, probes, shutdown; settings

The path of an event, in `kafka/` and `worker/`:

    1  kafka/paced_fetch.py              fetches, no more often than TRIGGERS_LATENCY_MS needs
    2  kafka/raw_batches.py              turns a fetch into raw record batches
    3  worker/consumer.py                passes fetched batches to the assignment
    4  worker/assignment.py              finds the processor of the partition
    5  worker/partition_processor.py     applies the batches with a stage of `stream/`, and sends its outputs
    6  worker/producer.py                writes facts, triggers, decisions and rejected records to Kafka
    7  worker/watermarks.py              announces up to which time a stage has decided
    8  worker/deadlines.py               fires due deadlines, a few at a time
    9  worker/checkpoint.py              makes outputs, then state, then the offset durable

Three places to know:

    When does a cart reminder fire?       stream/episodes/steps.py (`decide`); see stream/__init__.py
    Where does state become durable?      worker/checkpoint.py (`_append`)
    What makes a new kind of trigger?     nothing here: a file, a schema and a line (stream/kinds/registry.py)
"""
