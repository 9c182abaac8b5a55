"""The stream processor: Faust app, assignment, partition processors, checkpoint, watermarks."""
