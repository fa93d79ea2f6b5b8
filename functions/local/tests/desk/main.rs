//! The desk over real HTTP: access, uploads, previews, imports.

mod access;
mod client;
mod imports;
