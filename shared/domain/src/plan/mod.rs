//! The plan: the snapshot that the splitter writes once and every later step follows.
//!
//! In: the survey's result. Out: the plan, the mapping of columns, the messages of chunks, the keys of objects.
//!
//! - [`import_plan`]: the plan. [`columns`]: names of result columns.
//! - [`mapping`]: maps columns to fields; `by_header` uses the headers, `mapped_column` is one column.
//! - [`saved_mapping`]: a mapping that is saved for files with the same header.
//! - [`chunk`]: the message of one chunk. [`cut`]: makes it from the file's text.
//! - [`object_keys`]: the key of each object in the bucket.

mod by_header;
pub mod chunk;
pub mod columns;
pub mod cut;
pub mod import_plan;
mod mapped_column;
pub mod mapping;
pub mod object_keys;
pub mod saved_mapping;
