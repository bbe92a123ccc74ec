"""Models: functions of named parameters, and where a fit of them starts."""
