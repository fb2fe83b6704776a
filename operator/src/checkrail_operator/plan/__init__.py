"""Pure decisions: what was seen in, the whole desired state out. No clock, client or chance."""
