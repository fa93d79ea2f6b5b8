//! A preview: what an import would say of a file, without one. It writes nothing.
