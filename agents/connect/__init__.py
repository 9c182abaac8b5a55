"""What connecting a shop needs beside `stream/connect/`: the sources file, signatures, keyed contacts."""
