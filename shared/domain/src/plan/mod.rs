//! The plan: the snapshot that the splitter writes once and every later step follows.
//!
//! In: the survey's answers. Out: the plan, the mapping of columns, the messages of chunks, the keys of objects.
//!
//! - [`import_plan`]: the plan. [`columns`]: names of result columns.
//! - [`mapping`]: which column fills which field; `by_header` finds it out from the headers, `mapped_column` is one column.
//! - [`saved_mapping`]: a mapping that is kept for files with the same header.
//! - [`chunk`]: the message of one chunk. [`cut`]: makes it from the file's text.
//! - [`object_keys`]: where each object is in the bucket.

mod by_header;
pub mod chunk;
pub mod columns;
pub mod cut;
pub mod import_plan;
mod mapped_column;
pub mod mapping;
pub mod object_keys;
pub mod saved_mapping;
