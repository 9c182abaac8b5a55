from stream.store import timer_wheel

TICK: int
SPAN: int
LOOKED_AT: int
HEADER: int
ARMED: int

class Wheel(timer_wheel.Wheel): ...
