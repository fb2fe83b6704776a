"""Raw bodies in, frozen ``Seen`` types out: total, or ``InvalidSpecError``. No client, no clock."""
