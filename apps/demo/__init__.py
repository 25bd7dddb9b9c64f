"""Everything that `shopkeeper demo` shows: a catalogue, simulated shoppers, and the live view."""
