//! The contracts of the ports on the adapters of AWS; see `tests/`.
